//! What the owner of a terminal may do: every route about a terminal in every state of its lock. Other callers are
//! covered by `contract`.

use std::collections::BTreeSet;

use protocol::TerminalId;
use rexec::http::{ROUTES, Requirement};
use sandbox::fake::FakeBehavior;
use serde_json::{Value, json};

use crate::support::{
    proofs::proof,
    server::{Client, TestServer, User, lock_path},
};

/// The states of the lock for the requesting client.
const STATES: [&str; 4] = ["open", "locked", "granted", "granted to another login"];

/// The request body.
enum Sent {
    Nothing,
    /// `{}`.
    NoField,
    Name,
    /// A valid code.
    Code,
}

/// A route, the body, and the status in each of [`STATES`].
type Row = (&'static str, &'static str, Sent, [u16; 4]);

/// A grant allows attaching and every change but the removal of the lock or the terminal, which needs another code.
const TABLE: &[Row] = &[
    ("GET", "/api/terminals/{id}", Sent::Nothing, [200; 4]),
    ("PATCH", "/api/terminals/{id}", Sent::Name, [200, 423, 200, 423]),
    ("DELETE", "/api/terminals/{id}", Sent::Nothing, [202, 423, 423, 423]),
    ("DELETE", "/api/terminals/{id}", Sent::Code, [202; 4]),
    ("POST", "/api/terminals/{id}/start", Sent::Nothing, [200; 4]),
    ("POST", "/api/terminals/{id}/stop", Sent::Nothing, [200, 423, 200, 423]),
    ("POST", "/api/terminals/{id}/stop", Sent::Code, [200; 4]),
    ("POST", "/api/terminals/{id}/restart", Sent::Nothing, [200, 423, 200, 423]),
    ("POST", "/api/terminals/{id}/restart", Sent::Code, [200; 4]),
    ("GET", "/api/terminals/{id}/security", Sent::Nothing, [200; 4]),
    ("GET", "/api/terminals/{id}/stats", Sent::Nothing, [200; 4]),
    ("GET", "/api/terminals/{id}/attach", Sent::Nothing, [101, 423, 101, 423]),
    ("GET", "/api/security/terminal/{id}/mfa-status", Sent::Nothing, [200; 4]),
    ("POST", "/api/security/terminal/{id}/mfa-lock", Sent::Nothing, [200; 4]),
    ("POST", "/api/security/terminal/{id}/mfa-unlock", Sent::NoField, [400; 4]),
    ("POST", "/api/security/terminal/{id}/mfa-unlock", Sent::Code, [409, 200, 200, 200]),
    ("POST", "/api/security/terminal/{id}/mfa-verify", Sent::NoField, [400; 4]),
    ("POST", "/api/security/terminal/{id}/mfa-verify", Sent::Code, [409, 200, 200, 200]),
];

/// A terminal of Ada in this state.
async fn terminal(server: &TestServer, ada: &User, other: &Client, state: &str) -> TerminalId {
    let id = server.terminal(&ada.client).await;
    if state != "open" {
        ada.lock(id).await;
    }
    let granted = match state {
        "granted" => Some(&ada.client),
        "granted to another login" => Some(other),
        _ => None,
    };
    if let Some(client) = granted {
        client.ok("POST", &lock_path(id, "verify"), json!({ "code": server.next_code(ada) })).await;
    }
    id
}

async fn status(server: &TestServer, ada: &User, id: TerminalId, (method, path, sent, _): &Row) -> u16 {
    if path.ends_with("/attach") {
        return server.admitted(&ada.client, id).await.map_or_else(|refused| refused.status(), |()| 101);
    }
    let body = match sent {
        Sent::Nothing => Value::Null,
        Sent::NoField => json!({}),
        Sent::Name => json!({"name": "renamed"}),
        Sent::Code => json!({ "code": server.next_code(ada) }),
    };
    ada.client.ask(method, &path.replace("{id}", &id.to_string()), body).await.status
}

#[tokio::test]
async fn owner_routes_answer_by_lock_state() {
    let about_one = |requirement| matches!(requirement, Requirement::OwnTerminal | Requirement::TerminalBytes);
    let routes: BTreeSet<_> = ROUTES.iter().filter(|r| about_one(r.requirement)).map(|r| (r.method, r.path)).collect();
    assert_eq!(routes, TABLE.iter().map(|row| (row.0, row.1)).collect(), "every route has its row");
    let (server, _admin, ada) = TestServer::with_ada().await;
    let other = server.log_in_again(&ada).await;
    for row in TABLE {
        for (state, due) in STATES.into_iter().zip(row.3) {
            let id = terminal(&server, &ada, &other, state).await;
            let got = status(&server, &ada, id, row).await;
            assert_eq!(got, due, "{} {} of a terminal that is {state}", row.0, row.1);
            let code = json!({ "code": server.next_code(&ada) });
            let deleted = ada.client.ask("DELETE", &format!("/api/terminals/{id}"), code).await.status;
            assert!(deleted == 202 || deleted == 404, "{deleted}");
        }
    }
}

#[tokio::test]
async fn deleting_a_locked_terminal_needs_a_code() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let path = format!("/api/terminals/{id}");
    ada.lock(id).await;
    ada.client.refused(423, "DELETE", &path, Value::Null).await;
    let reported = &server.events(&admin, "terminal_delete_started").await[0];
    let of = |key: &str| reported[key].as_str().unwrap_or_default().to_owned();
    assert_eq!([of("outcome"), of("actor"), of("detail")], ["failure", "ada", "locked=true reason=code_needed"]);
    ada.client.refused(401, "DELETE", &path, json!({ "code": server.wrong_code(&ada) })).await;
    ada.client.ok("DELETE", &path, json!({ "code": server.code(&ada) })).await;
    ada.client.refused(404, "GET", &path, Value::Null).await;
}

/// FINDINGS L5.
#[tokio::test]
async fn changing_a_locked_terminal_needs_a_grant_or_a_code() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let path = format!("/api/terminals/{id}");
    let (stop, restart) = (format!("{path}/stop"), format!("{path}/restart"));
    ada.lock(id).await;
    let named = |name: &str| json!({ "name": name });
    for (method, path, body) in
        [("POST", &stop, Value::Null), ("POST", &restart, json!({})), ("PATCH", &path, named("other"))]
    {
        assert_eq!(ada.client.refused(423, method, path, body).await["type"], "locked", "{method} {path}");
    }
    ada.client.refused(401, "POST", &stop, json!({ "code": server.wrong_code(&ada) })).await;
    assert_eq!(ada.client.ok("GET", &path, Value::Null).await["state"], "running", "no process was ended");
    let refused = &server.events(&admin, "terminal_mfa_access_verified").await[0];
    assert_eq!(refused["outcome"], "failure");

    let code = server.code(&ada);
    ada.client.ok("PATCH", &path, json!({"name": "renamed", "code": code})).await;
    ada.client.refused(401, "POST", &stop, json!({ "code": code })).await;
    ada.client.ok("POST", &stop, json!({ "code": server.next_code(&ada) })).await;
    ada.client.ok("POST", &format!("{path}/start"), Value::Null).await;
    assert_eq!(ada.client.ok("GET", &path, Value::Null).await["mfa_locked"], true);

    let verify = json!({ "code": server.next_code(&ada) });
    ada.client.ok("POST", &lock_path(id, "verify"), verify).await;
    ada.client.ok("PATCH", &path, named("granted")).await;
    ada.client.ok("POST", &restart, Value::Null).await;
    ada.lock(id).await;
    ada.client.refused(423, "PATCH", &path, named("again")).await;
    admin.client.ok("POST", &format!("/api/admin/terminals/{id}/stop"), Value::Null).await;
    assert_eq!(
        ada.client.ok("GET", &path, Value::Null).await["mfa_locked"],
        true,
        "an administrator's stop opens nothing"
    );
}

/// FINDINGS L7.
#[tokio::test]
async fn the_security_report_of_a_locked_terminal_has_no_text_of_the_guest() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let path = format!("/api/terminals/{id}/security");
    let inside = async || {
        let report = ada.client.ok("GET", &path, Value::Null).await;
        report["rows"].as_array().unwrap().iter().filter(|row| !row["inside"].is_null()).count()
    };
    assert_ne!(inside().await, 0);
    ada.lock(id).await;
    assert_eq!(inside().await, 0);
    ada.client.ok("POST", &lock_path(id, "verify"), json!({ "code": server.next_code(&ada) })).await;
    assert_ne!(inside().await, 0);
}

/// The terminal is locked between the deletion's first read and its write.
#[tokio::test]
async fn a_lock_set_first_stops_a_deletion_without_a_code_and_is_audited() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let mut lock = server.services.db.begin().await.unwrap();
    let (client, path) = (ada.client.clone(), format!("/api/terminals/{id}"));
    let deletion = tokio::spawn(async move { client.ask("DELETE", &path, Value::Null).await.status });
    // Time for the deletion to read the terminal while no write can begin; a later deletion finds it locked.
    for _ in 0..100 {
        drop(server.services.db.read().await.unwrap());
    }
    lock.set_lock(&proof(id), true).await.unwrap();
    lock.commit().await.unwrap();
    assert_eq!(deletion.await.unwrap(), 423);
    let reported = server.events(&admin, "terminal_delete_started").await;
    assert_eq!((reported.len(), &reported[0]["detail"]), (1, &json!("locked=true reason=code_needed")));
}

/// As after a double click on a terminal that was never locked.
#[tokio::test]
async fn concurrent_deletions_of_one_terminal_start_one_and_report_no_lock() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    // The engine keeps it, so every deletion finds the record.
    server.engine.set_behavior(FakeBehavior { delete_fails: true, ..FakeBehavior::default() });
    let before = server.services.db.begin().await.unwrap();
    let path = format!("/api/terminals/{id}");
    let tries = (0..8).map(|_| {
        let (client, path) = (ada.client.clone(), path.clone());
        tokio::spawn(async move { client.ask("DELETE", &path, Value::Null).await })
    });
    let tries: Vec<_> = tries.collect();
    // Time for all of them to read the terminal while no write can begin; later ones find it in deletion.
    for _ in 0..100 {
        drop(server.services.db.read().await.unwrap());
    }
    drop(before);
    for one in tries {
        let reply = one.await.unwrap();
        assert_eq!((reply.status, &reply.body["gone"]), (202, &json!(false)), "{}", reply.body);
    }
    assert_eq!(server.events(&admin, "terminal_delete_started").await.len(), 1);
}
