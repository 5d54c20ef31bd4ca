//! Every route that reads, and the terminal socket, for every kind of caller in every state of the lock.

use protocol::TerminalId;
use rexec::http::{ROUTES, Requirement, Route};
use serde_json::{Value, json};

use super::attach::attach;
use crate::support::server::{Client, TestServer, credentials, lock_path};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Nobody,
    Pending,
    Stranger,
    Administrator,
    Owner,
}

/// The status that this caller must get. `opens`: the lock lets it attach, if the terminal is its own.
fn due(route: &Route, kind: Kind, opens: bool) -> u16 {
    let signed_in = !matches!(kind, Kind::Nobody | Kind::Pending);
    match route.requirement {
        // Requirement the token of an invitation, which no caller here has.
        Requirement::Nothing => 200,
        _ if !signed_in => 401,
        Requirement::Admin if kind != Kind::Administrator => 403,
        Requirement::OwnTerminal | Requirement::TerminalBytes if kind != Kind::Owner => 404,
        Requirement::TerminalBytes if !opens => 423,
        Requirement::TerminalBytes => 101,
        Requirement::Login | Requirement::Pending | Requirement::Admin | Requirement::OwnTerminal => 200,
    }
}

async fn status(server: &TestServer, client: &Client, route: &Route, id: TerminalId) -> u16 {
    match route.path {
        path if path.ends_with("/attach") => attach(server, client, id).await.err().unwrap_or(101),
        path => client.ask("GET", &path.replace("{id}", &id.to_string()), Value::Null).await.status,
    }
}

async fn all(server: &TestServer, id: TerminalId, when: &str, opens: bool, callers: &[(Kind, &Client)]) {
    // The event stream has no end to read to; it has its own tests.
    for route in ROUTES.iter().filter(|route| route.method == "GET" && route.path != "/api/events") {
        for (kind, client) in callers {
            let got = status(server, client, route, id).await;
            assert_eq!(got, due(route, *kind, opens), "{when}: {} for {kind:?}", route.path);
        }
    }
}

#[tokio::test]
async fn every_reading_route_answers_by_kind_of_caller() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let bob = server.user(&admin, "bob").await;
    let (nobody, pending) = (server.anonymous(), server.anonymous());
    assert_eq!(pending.ok("POST", "/api/auth/login", credentials("ada")).await["status"], "mfa_required");
    let elsewhere = server.log_in_again(&ada).await;
    let others = [
        (Kind::Nobody, &nobody),
        (Kind::Pending, &pending),
        (Kind::Stranger, &bob.client),
        (Kind::Administrator, &admin.client),
    ];
    let owner = [(Kind::Owner, &ada.client)];
    all(&server, id, "open", true, &others).await;
    all(&server, id, "open", true, &owner).await;
    ada.lock(id).await;
    all(&server, id, "locked", false, &others).await;
    all(&server, id, "locked", false, &owner).await;
    ada.client.ok("POST", &lock_path(id, "verify"), json!({ "code": server.next_code(&ada) })).await;
    all(&server, id, "granted", true, &owner).await;
    all(&server, id, "granted to another login", false, &others).await;
    all(&server, id, "granted to another login", false, &[(Kind::Owner, &elsewhere)]).await;
    ada.lock(id).await;
    all(&server, id, "locked again", false, &owner).await;
}
