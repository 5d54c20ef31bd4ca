//! What the owner of a terminal may do with it: every route about a terminal, in every state of its lock. Who must not is in
//! `routes`.

use std::collections::BTreeSet;

use protocol::TerminalId;
use rexec::http::{Needs, ROUTES};
use sandbox::fake::Script;
use serde_json::{Value, json};

use crate::support::{
    proofs::proof,
    server::{Client, TestServer, User, lock_path},
};

/// How the lock stands for the client that asks.
const STATES: [&str; 4] = ["open", "locked", "granted", "granted to another login"];

/// What is sent along.
enum Sent {
    Nothing,
    /// `{}`.
    NoField,
    Name,
    /// A good code.
    Code,
}

/// A route, what is sent, and the status in each of [`STATES`].
type Row = (&'static str, &'static str, Sent, [u16; 4]);

/// A grant opens the bytes. What ends the lock, or the terminal with what is in it, asks for a code of its own.
const TABLE: &[Row] = &[
    ("GET", "/api/terminals/{id}", Sent::Nothing, [200; 4]),
    ("PATCH", "/api/terminals/{id}", Sent::Name, [200; 4]),
    ("DELETE", "/api/terminals/{id}", Sent::Nothing, [202, 423, 423, 423]),
    ("DELETE", "/api/terminals/{id}", Sent::Code, [202; 4]),
    ("POST", "/api/terminals/{id}/start", Sent::Nothing, [200; 4]),
    ("POST", "/api/terminals/{id}/stop", Sent::Nothing, [200; 4]),
    ("POST", "/api/terminals/{id}/restart", Sent::Nothing, [200; 4]),
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

/// A terminal of hers in this state of the lock.
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
    let about_one = |needs| matches!(needs, Needs::OwnTerminal | Needs::TerminalBytes);
    let routes: BTreeSet<_> = ROUTES.iter().filter(|r| about_one(r.needs)).map(|r| (r.method, r.path)).collect();
    assert_eq!(routes, TABLE.iter().map(|row| (row.0, row.1)).collect(), "every route has its row");
    let (server, _admin, ada) = TestServer::with_ada().await;
    let other = server.log_in_again(&ada).await;
    for row in TABLE {
        for (state, due) in STATES.into_iter().zip(row.3) {
            let id = terminal(&server, &ada, &other, state).await;
            let got = status(&server, &ada, id, row).await;
            assert_eq!(got, due, "{} {} of a terminal that is {state}", row.0, row.1);
            let code = json!({ "code": server.next_code(&ada) });
            let gone = ada.client.ask("DELETE", &format!("/api/terminals/{id}"), code).await.status;
            assert!(gone == 202 || gone == 404, "{gone}");
        }
    }
}

#[tokio::test]
async fn deleting_a_locked_terminal_needs_a_code() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let path = format!("/api/terminals/{id}");
    ada.lock(id).await;
    ada.client.refused(423, "DELETE", &path, Value::Null).await;
    let told = &server.events(&admin, "terminal_delete_started").await[0];
    let of = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    assert_eq!([of("outcome"), of("actor"), of("detail")], ["failure", "ada", "locked=true reason=code_needed"]);
    ada.client.refused(401, "DELETE", &path, json!({ "code": server.wrong_code(&ada) })).await;
    ada.client.ok("DELETE", &path, json!({ "code": server.code(&ada) })).await;
    ada.client.refused(404, "GET", &path, Value::Null).await;
}

/// It is locked between the look at it and the deletion.
#[tokio::test]
async fn a_lock_set_first_stops_a_deletion_without_a_code_and_is_audited() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let mut lock = server.services.db.begin().await.unwrap();
    let (client, path) = (ada.client.clone(), format!("/api/terminals/{id}"));
    let deletion = tokio::spawn(async move { client.ask("DELETE", &path, Value::Null).await.status });
    // Time to look at the terminal while nothing can begin; a deletion that comes later finds it locked.
    for _ in 0..100 {
        drop(server.services.db.read().await.unwrap());
    }
    lock.set_lock(&proof(id), true).await.unwrap();
    lock.commit().await.unwrap();
    assert_eq!(deletion.await.unwrap(), 423);
    let told = server.events(&admin, "terminal_delete_started").await;
    assert_eq!((told.len(), &told[0]["detail"]), (1, &json!("locked=true reason=code_needed")));
}

/// A double click, on a terminal that nobody ever locked: each is told that it goes.
#[tokio::test]
async fn concurrent_deletions_of_one_terminal_start_one_and_report_no_lock() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    // The record stays, so that every one of them finds it.
    server.engine.script(Script { stuck: true, ..Script::default() });
    let before = server.services.db.begin().await.unwrap();
    let path = format!("/api/terminals/{id}");
    let tries = (0..8).map(|_| {
        let (client, path) = (ada.client.clone(), path.clone());
        tokio::spawn(async move { client.ask("DELETE", &path, Value::Null).await })
    });
    let tries: Vec<_> = tries.collect();
    // Time for all of them to look at the terminal while none can begin; whoever comes later finds it going.
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
