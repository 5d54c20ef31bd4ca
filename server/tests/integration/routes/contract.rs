//! The route table against the OpenAPI document, and rules that hold for every route.

use std::collections::BTreeSet;

use protocol::ProblemKind;
use rexec::http::{self, ROUTES, Requirement};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::server::{PASSWORD, TestServer, credentials};

/// An empty object for methods that take a body.
fn body(method: &str) -> Value {
    if method == "GET" { Value::Null } else { json!({}) }
}

fn filled(path: &str, id: &str) -> String {
    path.replace("{id}", id).replace("{name}", "debian")
}

#[test]
fn the_route_table_matches_the_document() {
    let document = http::api::document();
    let mut mounted = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|m| *m != "parameters") {
            mounted.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let table: BTreeSet<String> = ROUTES.iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    let unlisted = BTreeSet::from(["GET /api/openapi.json".to_owned()]);
    let missing: Vec<_> = mounted.difference(&table).collect();
    let unknown: Vec<_> = table.difference(&mounted).filter(|r| !unlisted.contains(*r)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "without a row: {missing:?}; not mounted: {unknown:?}");
    assert_eq!(table.len(), ROUTES.len(), "a row is there twice");
}

/// `docs/openapi.json` is the document as of this commit; types for other languages are generated from it.
#[test]
fn the_committed_document_is_current() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let document = http::api::document();
    if std::env::var_os("REXEC_WRITE_DOCS").is_some() {
        std::fs::write(file, format!("{}\n", serde_json::to_string_pretty(&document).unwrap())).unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap_or_default()).unwrap_or_default();
    assert!(
        committed == document,
        "docs/openapi.json is outdated: REXEC_WRITE_DOCS=1 cargo test -p server --test integration \
         the_committed_document, \
         then node scripts/test/contract.mjs --write"
    );
}

#[test]
fn every_operation_has_an_id_descriptions_and_security() {
    let document = http::api::document();
    let kinds: Vec<_> = ProblemKind::ALL.iter().map(|kind| json!(kind)).collect();
    assert_eq!(document["components"]["schemas"]["ProblemKind"]["enum"], Value::Array(kinds));
    let mut names = BTreeSet::new();
    for route in ROUTES.iter().filter(|r| r.path != "/api/openapi.json") {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let name = operation["operationId"].as_str().unwrap_or_default();
        assert!(!name.is_empty() && names.insert(name.to_owned()), "{} {}: {name:?}", route.method, route.path);
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let description = answer["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{} {}: {status} has no description", route.method, route.path);
        }
        for scheme in operation["security"].as_array().unwrap() {
            let (name, _) = scheme.as_object().unwrap().iter().next().unwrap();
            assert!(document["components"]["securitySchemes"][name].is_object(), "{name}");
        }
        assert_eq!(operation["security"].as_array().unwrap().is_empty(), route.requirement == Requirement::Nothing);
    }
}

#[test]
fn every_route_documents_the_refusals_its_needs_imply() {
    let document = http::api::document();
    let with_code = ["/password", "/enrol", "/confirm", "/disable", "/recovery-codes", "/mfa", "-unlock", "-verify"];
    for route in ROUTES.iter().filter(|r| r.path != "/api/openapi.json") {
        let answers = &document["paths"][route.path][route.method.to_lowercase()]["responses"];
        let mut due = Vec::new();
        if route.path != "/healthz" {
            due.push(503);
        }
        if route.requirement != Requirement::Nothing {
            due.push(401);
        }
        if route.requirement == Requirement::Admin || route.method != "GET" || route.path.ends_with("/attach") {
            due.push(403);
        }
        if route.path.contains("{id}") {
            due.push(404);
        }
        let deletes_terminals = route.method == "DELETE" && route.path.contains("/terminals/");
        if route.path.ends_with("/attach") || deletes_terminals {
            due.push(423);
        }
        let asks = route.method == "POST" && with_code.iter().any(|end| route.path.ends_with(end));
        if asks || deletes_terminals || ["/api/auth/login", "/api/events"].contains(&route.path) {
            due.push(429);
        }
        let missing: Vec<_> = due.into_iter().filter(|status: &u16| answers[status.to_string()].is_null()).collect();
        assert!(missing.is_empty(), "{} {}: {missing:?}", route.method, route.path);
    }
}

#[tokio::test]
async fn undocumented_parameters_and_bodies_are_rejected_by_every_route() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await.to_string();
    let document = http::api::document();
    for route in ROUTES.iter().filter(|r| r.path.starts_with("/api/") && r.path != "/api/openapi.json") {
        let path = filled(route.path, &id);
        let reply = admin.client.ask(route.method, &format!("{path}?x=1"), body(route.method)).await;
        assert_eq!((reply.status, reply.kind()), (400, "bad_request"), "{} {path}: {}", route.method, reply.body);
        assert_eq!(reply.body["field"], "x", "{} {path}", route.method);
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        if operation["requestBody"].is_null() {
            let reply = admin.client.ask(route.method, &path, json!({"x": 1})).await;
            assert_eq!(reply.status, 400, "{} {path}: {}", route.method, reply.body);
        }
    }
    let stop = format!("/api/terminals/{id}/stop");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let reply = admin.client.send_raw("POST", &stop, kind, "{}").await;
        assert_eq!((reply.status, reply.kind()), (415, "not_json"), "{kind:?}");
        let reply = admin.client.send_raw("DELETE", &format!("/api/terminals/{id}"), kind, "{}").await;
        assert_eq!((reply.status, reply.kind()), (415, "not_json"), "{kind:?}");
    }
    let reply = admin.client.send_raw("POST", &stop, "application/json", &" ".repeat(70_000)).await;
    assert_eq!((reply.status, reply.kind()), (413, "too_large"));
    assert_eq!(admin.client.ok("GET", &format!("/api/terminals/{id}"), Value::Null).await["state"], "running");
    assert_eq!(admin.client.send_raw("POST", &stop, "application/json; charset=utf-8", "{}").await.status, 200);
    assert_eq!(admin.client.send_raw("POST", &stop, "", "").await.status, 200);
    admin.client.ok("GET", "/api/me", Value::Null).await;
}

#[tokio::test]
async fn a_pending_login_may_use_one_route_and_an_anonymous_caller_none() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user_with_factor(&admin, "ada").await;
    let id = server.terminal(&ada.client).await.to_string();
    let pending = server.anonymous();
    assert_eq!(pending.ok("POST", "/api/auth/login", credentials("ada")).await["status"], "mfa_required");
    // The pending token in the cookie of a full login is rejected.
    let disguised = pending.clone();
    disguised.set_cookie("__Host-rexec", &pending.cookie("__Host-rexec-pending").unwrap());
    for route in ROUTES.iter().filter(|r| !matches!(r.requirement, Requirement::Nothing | Requirement::Pending)) {
        let path = filled(route.path, &id);
        for (who, client) in
            [("pending", pending.clone()), ("disguised", disguised.clone()), ("nobody", server.anonymous())]
        {
            let reply = client.ask(route.method, &path, body(route.method)).await;
            assert_eq!(reply.status, 401, "{who}: {} {path}: {}", route.method, reply.body);
        }
    }
    let code = server.code(&ada);
    server.anonymous().refused(401, "POST", "/api/auth/login/mfa", json!({ "code": code })).await;
    ada.client.refused(401, "POST", "/api/auth/login/mfa", json!({ "code": code })).await;
    // So is the token of a full login in the pending cookie.
    let disguised = server.anonymous();
    disguised.set_cookie("__Host-rexec-pending", &ada.client.cookie("__Host-rexec").unwrap());
    disguised.refused(401, "POST", "/api/auth/login/mfa", json!({ "code": code })).await;
    pending.ok("POST", "/api/auth/login/mfa", json!({ "code": code })).await;
    pending.ok("GET", "/api/me", Value::Null).await;
    assert!(pending.cookie("__Host-rexec-pending").is_none());
}

#[tokio::test]
async fn other_users_terminals_are_not_found_and_admin_routes_need_the_role() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (ada, bob) = (server.user_with_factor(&admin, "ada").await, server.user_with_factor(&admin, "bob").await);
    let id = server.terminal(&ada.client).await.to_string();
    ada.lock(id.parse().unwrap()).await;
    let (missing, document) = (Uuid::new_v4().to_string(), http::api::document());
    for route in ROUTES {
        for client in [&bob.client, &admin.client] {
            let is_admin = std::ptr::eq(client, &admin.client);
            match route.requirement {
                Requirement::OwnTerminal | Requirement::TerminalBytes => {
                    let mut answers = Vec::new();
                    let malformed = id.to_uppercase();
                    // A valid body, so that ownership decides.
                    let operation = &document["paths"][route.path][route.method.to_lowercase()];
                    let takes_code = !operation["requestBody"].is_null() && route.method != "PATCH";
                    for which in [id.as_str(), missing.as_str(), malformed.as_str()] {
                        let body = if takes_code { json!({"code": "000000"}) } else { body(route.method) };
                        let mut reply = client.ask(route.method, &filled(route.path, which), body).await;
                        reply.body.as_object_mut().map(|o| o.remove("request_id"));
                        answers.push((reply.status, reply.body));
                    }
                    assert_eq!(answers[0].0, 404, "{} {}: {:?}", route.method, route.path, answers[0]);
                    assert!(answers.windows(2).all(|w| w[0] == w[1]), "{} {}: {answers:#?}", route.method, route.path);
                }
                Requirement::Admin if !is_admin => {
                    let reply = client.ask(route.method, &filled(route.path, &missing), body(route.method)).await;
                    assert_eq!(reply.status, 403, "{} {}", route.method, route.path);
                }
                _ => {}
            }
        }
    }
    let seen = ada.client.ok("GET", &format!("/api/terminals/{id}"), Value::Null).await;
    assert_eq!((seen["state"].as_str(), seen["mfa_locked"].as_bool()), (Some("running"), Some(true)));
}

#[tokio::test]
async fn cross_site_changes_are_rejected_before_any_other_check() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let cookie = format!("__Host-rexec={}", admin.client.cookie("__Host-rexec").unwrap());
    for route in ROUTES.iter().filter(|r| r.method != "GET") {
        let url = format!("{}{}", server.origin, filled(route.path, &Uuid::new_v4().to_string()));
        for foreign in ["null", "https://evil.test", &format!("{}.evil.test", server.origin)] {
            let request = http.request(route.method.parse().unwrap(), &url).header("cookie", &cookie);
            let reply = request.header("origin", foreign).json(&json!({})).send().await.unwrap();
            assert_eq!(reply.status(), 403, "{} {url} from {foreign}", route.method);
        }
        let request = http.request(route.method.parse().unwrap(), &url).header("cookie", &cookie);
        assert_eq!(request.json(&json!({})).send().await.unwrap().status(), 403, "without any origin: {url}");
        let request = http.request(route.method.parse().unwrap(), &url).header("cookie", &cookie);
        let two = request.header("origin", &server.origin).header("origin", "https://evil.test");
        assert_eq!(two.json(&json!({})).send().await.unwrap().status(), 403, "two origins: {url}");
        // The right origin with a contradicting `Sec-Fetch-Site`.
        for sites in
            [&["cross-site"][..], &["same-site"], &["none"], &["Same-Origin"], &[""], &["same-origin", "cross-site"]]
        {
            let request = http.request(route.method.parse().unwrap(), &url).header("cookie", &cookie);
            let request = sites.iter().fold(request, |request, site| request.header("sec-fetch-site", *site));
            let reply = request.header("origin", &server.origin).json(&json!({})).send().await.unwrap();
            assert_eq!(reply.status(), 403, "{} {url} from {sites:?}", route.method);
            assert_eq!(reply.json::<Value>().await.unwrap()["type"], "foreign_origin");
        }
    }
    // The headers of our own pages, with and without an origin.
    let own = [("sec-fetch-site", "same-origin")];
    let body = json!({"image": "debian"});
    assert_eq!(admin.client.ask_with("POST", "/api/terminals", body.clone(), &own).await.status, 201);
    let request = http.post(format!("{}/api/terminals", server.origin)).header("cookie", &cookie);
    assert_eq!(request.header(own[0].0, own[0].1).json(&body).send().await.unwrap().status(), 201);
    // No change by GET.
    admin.client.refused(405, "GET", "/api/auth/logout", Value::Null).await;
    // Reads are allowed from anywhere.
    let foreign = [("sec-fetch-site", "cross-site")];
    assert_eq!(admin.client.ask_with("GET", "/api/me", Value::Null, &foreign).await.status, 200);
    admin.client.ok("GET", "/api/me", Value::Null).await;
}

/// Objects are not decoded from arrays by the order of their fields.
#[tokio::test]
async fn an_array_in_place_of_an_object_is_rejected_by_every_route() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await.to_string();
    let document = http::api::document();
    for route in ROUTES.iter().filter(|r| r.requirement != Requirement::Pending) {
        if document["paths"][route.path][route.method.to_lowercase()]["requestBody"].is_null() {
            continue;
        }
        for array in [json!([]), json!(["root", PASSWORD]), json!([null, null, null, null])] {
            let reply = admin.client.ask(route.method, &filled(route.path, &id), array.clone()).await;
            assert_eq!((reply.status, reply.kind()), (400, "bad_request"), "{} {} {array}", route.method, route.path);
        }
    }
    assert_eq!(server.anonymous().ask("POST", "/api/auth/login", json!(["root", PASSWORD])).await.status, 400);
    admin.client.ok("GET", "/api/me", Value::Null).await;
}

/// Programs on other ports of a host set cookies for the whole host.
#[tokio::test]
async fn foreign_cookies_do_not_affect_the_session_cookie() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let session_cookie = format!("__Host-rexec={}", admin.client.cookie("__Host-rexec").unwrap());
    let status = async |cookies: &[u8]| {
        let cookies = reqwest::header::HeaderValue::from_bytes(cookies).unwrap();
        let request = http.get(format!("{}/api/me", server.origin)).header("cookie", cookies);
        request.send().await.unwrap().status().as_u16()
    };
    for other in ["pref=\u{e9}", "=", "x", ";", "__Host-rexec2=x", "x__Host-rexec=x"] {
        assert_eq!(status(format!("{other}; {session_cookie}").as_bytes()).await, 200, "{other} before it");
        assert_eq!(status(format!("{session_cookie};{other}").as_bytes()).await, 200, "{other} after it");
    }
    assert_eq!(status(&[b"a=\xff; ", session_cookie.as_bytes()].concat()).await, 200);
    assert_eq!(status(format!("{session_cookie}; {session_cookie}").as_bytes()).await, 401, "two of ours are none");
    assert_eq!(status(b"__Host-rexec=\xff").await, 401);
}

#[tokio::test]
async fn server_controlled_fields_are_rejected() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    for (method, path, body) in [
        ("POST", "/api/auth/login", json!({"username": "ada", "password": PASSWORD, "role": "admin"})),
        ("POST", "/api/account/password", json!({"current": PASSWORD, "new": "x y z 1 2 3", "user_id": "1"})),
        ("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD, "secret": "JBSWY3DPEHPK3PXP"})),
        ("POST", "/api/terminals", json!({"image": "debian", "owner_id": "1"})),
        ("POST", "/api/terminals", json!({"image": "debian", "mfa_locked": false})),
        ("POST", "/api/terminals", json!({"image": "debian", "privileged": true})),
    ] {
        ada.client.refused(400, method, path, body).await;
    }
    let path = format!("/api/terminals/{}", server.terminal(&ada.client).await);
    let before = ada.client.ok("GET", &path, Value::Null).await;
    for (field, value) in [("owner_id", "1"), ("mfa_locked", "false"), ("state", "stopped"), ("id", "1")] {
        ada.client.refused(400, "PATCH", &path, json!({"name": "other", field: value})).await;
    }
    assert_eq!(ada.client.ok("GET", &path, Value::Null).await["name"], before["name"], "nothing is applied partially");
}

#[tokio::test]
async fn nothing_internal_is_public_and_no_account_exists_by_default() {
    let server = TestServer::start().await;
    let anonymous = server.anonymous();
    for path in
        ["/metrics", "/debug/pprof/", "/internal/terminals", "/api/internal", "/api/debug", "/.env", "/rexec.toml"]
    {
        let status = anonymous.open(path).await.status().as_u16();
        assert!([401, 403, 404].contains(&status), "{path}: {status}");
    }
    for (username, password) in [("admin", "admin"), ("admin", "admin123"), ("root", "root"), ("rexec", "rexec")] {
        let credentials = json!({"username": username, "password": password});
        anonymous.refused(401, "POST", "/api/auth/login", credentials).await;
    }
}

#[tokio::test]
async fn routes_that_are_not_built_do_not_exist_and_are_not_documented() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    for absent in ["files", "files/list", "files?path=/home/user", "share", "recording", "recordings", "ports", "ssh"] {
        let path = format!("/api/terminals/{id}/{absent}");
        admin.client.refused(404, "GET", &path, Value::Null).await;
        admin.client.refused(404, "POST", &path, json!({})).await;
    }
    for path in ["/api/account/tokens", "/api/recordings", "/api/admin/egress", "/api/none"] {
        admin.client.refused(404, "GET", path, Value::Null).await;
        admin.client.refused(404, "POST", path, json!({})).await;
    }
    let document = http::api::document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    for path in document["paths"].as_object().unwrap().keys() {
        for absent in ["token", "files", "egress", "recording", "share"] {
            assert!(!path.contains(absent), "{path}");
        }
    }
}
