//! Pages rendered by the server: complete documents, a content security policy each, no data of other users.

use std::collections::BTreeSet;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::support::server::{TestServer, User, credentials};

struct Page {
    status: u16,
    headers: HeaderMap,
    html: String,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn cookie_of(user: &User) -> String {
    format!("__Host-rexec={}", user.client.cookie("__Host-rexec").unwrap())
}

async fn page(server: &TestServer, path: &str, cookie: &str) -> Page {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = http.get(format!("{}{path}", server.origin)).header("cookie", cookie).send().await.unwrap();
    Page { status: answer.status().as_u16(), headers: answer.headers().clone(), html: answer.text().await.unwrap() }
}

fn nonce(policy: &str) -> &str {
    policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).map_or("", |(nonce, _)| nonce)
}

#[tokio::test]
async fn every_page_has_its_own_content_security_policy() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (own, mut nonces) = (cookie_of(&admin), BTreeSet::new());
    for (path, cookie) in [
        ("/setup", ""),
        ("/login", ""),
        ("/login", ""),
        ("/", own.as_str()),
        ("/account/security", own.as_str()),
        ("/nowhere", own.as_str()),
    ] {
        let shown = page(&server, path, cookie).await;
        assert_eq!(shown.status, if path == "/nowhere" { 404 } else { 200 }, "{path}");
        assert!(shown.html.starts_with("<!DOCTYPE html>"), "{}", &shown.html[..100.min(shown.html.len())]);
        let policy = shown.header("content-security-policy");
        let nonce = nonce(policy);
        assert!(nonce.len() >= 16 && nonces.insert(nonce.to_owned()), "{path}: {policy}");
        for loose in ["unsafe-inline", "'unsafe-eval'", "*", "http:", "https:"] {
            assert!(!policy.contains(loose), "{path}: {policy}");
        }
        for part in ["default-src 'none'", "'wasm-unsafe-eval'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(shown.html.contains(&format!("nonce=\"{nonce}\"")), "the scripts carry the nonce");
        assert!(!shown.html.contains(" style=\""), "no inline style: the policy refuses it");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(shown.header(name), value, "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn a_pending_login_sees_no_data_in_pages() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let user = server.user_with_factor(&admin, "lovelace").await;
    let id = server.terminal(&user.client).await;
    let pending = server.anonymous();
    assert_eq!(pending.ok("POST", "/api/auth/login", credentials("lovelace")).await["status"], "mfa_required");
    let token = pending.cookie("__Host-rexec-pending").unwrap();
    for path in ["/", &format!("/terminals/{id}"), "/account/security", "/admin/users"] {
        assert!(page(&server, path, &cookie_of(&user)).await.html.contains("lovelace"), "a full login sees itself");
        let shown = page(&server, path, &format!("__Host-rexec-pending={token}")).await;
        assert!(!shown.html.contains("lovelace") && !shown.html.contains("debian-1"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_concurrent_page_requests_are_all_answered() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let terminal = format!("/terminals/{}", server.terminal(&admin.client).await);
    let cookie = cookie_of(&admin);
    for path in ["/", &terminal, "/account/security", "/login", "/nowhere"] {
        for shown in futures_util::future::join_all((0..40).map(|_| page(&server, path, &cookie))).await {
            assert_eq!(shown.status, if path == "/nowhere" { 404 } else { 200 }, "{path}");
            assert!(shown.html.contains("</html>"), "{path}: {}", shown.html.len());
        }
    }
    let html = page(&server, &terminal, &cookie).await.html;
    let (_, title) = html.split_once("<title").unwrap();
    assert!(title.contains(">debian-1 ·"), "the title is written by the server");
}

#[tokio::test]
async fn the_dashboard_is_rendered_for_its_owner_only() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let id = server.terminal(&ada.client).await;
    let own = page(&server, "/", &cookie_of(&ada)).await;
    assert!(own.html.contains(&id.to_string()), "the card is rendered by the server");
    for (who, cookie) in [("nobody", String::new()), ("the administrator", cookie_of(&admin))] {
        let other = page(&server, "/", &cookie).await;
        assert!(!other.html.contains(&id.to_string()), "{who} sees it");
        let direct = page(&server, &format!("/terminals/{id}"), &cookie).await;
        assert!(!direct.html.contains("debian-1"), "{who} reads its name");
    }
}

/// The title of a page contains the name of the terminal.
#[tokio::test]
async fn a_hostile_name_is_escaped_in_the_title() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let name = "</title><meta name=x>&amp;";
    admin.client.ok("PATCH", &format!("/api/terminals/{id}"), serde_json::json!({"name": name})).await;
    let cookie = cookie_of(&admin);
    let html = page(&server, &format!("/terminals/{id}"), &cookie).await.html;
    let (_, title) = html.split_once("<title").unwrap();
    let (title, _) = title.split_once("</title>").unwrap();
    assert!(title.contains("&lt;/title&gt;&lt;meta name=x&gt;&amp;amp; · Rexec"), "{title}");
    assert!(!html.contains("<meta name=x>"));
}

/// The refusal in the HTML equals the one in the embedded data, however often that part of the page was rendered.
/// Otherwise hydration fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rendered_page_matches_its_embedded_data() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    server.enrol(&admin).await;
    let ada = server.user(&admin, "ada").await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    settings["mfa_required"] = true.into();
    admin.client.ok("PUT", "/api/admin/settings", settings).await;
    let cookie = cookie_of(&ada);
    for _ in 0..20 {
        for shown in futures_util::future::join_all((0..10).map(|_| page(&server, "/", &cookie))).await {
            let (_, request) = shown.html.split_once("Request ").expect("a refusal names its request");
            let request = request.split_once("<code>").unwrap().1.get(..32).unwrap();
            let data: Vec<_> =
                shown.html.split("__RESOLVED_RESOURCES[").filter(|part| part.contains("mfa_required")).collect();
            assert!(!data.is_empty(), "the refusal is in the data");
            assert!(data.iter().all(|part| part.contains(request)), "{request} is not in {data:?}");
        }
    }
}

#[tokio::test]
async fn a_missing_file_answers_404() {
    let server = TestServer::start().await;
    assert_eq!(page(&server, "/pkg/nothing.js", "").await.status, 404);
}
