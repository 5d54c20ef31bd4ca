//! Settings take effect at once: on existing grants and logins, and on open sockets.

use std::time::Duration;

use access::{Attach, Authorized, Revocation};
use protocol::{ProblemKind, TerminalId};
use serde_json::{Value, json};

use crate::support::{
    database,
    server::{Client, TestServer, User, lock_path},
};

/// Idle and absolute seconds of grants, then of logins.
async fn set_times(admin: &Client, grants: (u32, u32), logins: (u32, u32)) {
    let mut settings = admin.ok("GET", "/api/admin/settings", Value::Null).await;
    for (name, secs) in [
        ("grant_idle_secs", grants.0),
        ("grant_absolute_secs", grants.1),
        ("session_idle_secs", logins.0),
        ("session_absolute_secs", logins.1),
    ] {
        settings[name] = json!(secs);
    }
    admin.ok("PUT", "/api/admin/settings", settings).await;
}

async fn socket(server: &TestServer, client: &Client, id: TerminalId) -> Authorized<Attach> {
    server.services.gate.authorize(&server.caller(client).await, id, Attach).await.unwrap()
}

/// `granted_until` as reported by status, terminal and list, which agree.
async fn granted_until(ada: &User, id: TerminalId) -> Value {
    let status = ada.client.ok("GET", &lock_path(id, "status"), Value::Null).await;
    let one = ada.client.ok("GET", &format!("/api/terminals/{id}"), Value::Null).await;
    let all = ada.client.ok("GET", "/api/terminals", Value::Null).await;
    assert_eq!(status["granted_until"], one["granted_until"]);
    assert_eq!(one["granted_until"], all["items"][0]["granted_until"]);
    one["granted_until"].clone()
}

#[tokio::test]
async fn shorter_timeouts_end_existing_grants_and_longer_ones_revive_none() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let id = server.terminal(&ada.client).await;
        ada.lock(id).await;
        ada.client.ok("POST", &lock_path(id, "verify"), json!({"code": server.code(&ada)})).await;
        let access = socket(&server, &ada.client, id).await;
        let logins = (1800, 43_200);
        set_times(&admin.client, (60, 300), logins).await;
        let until = server.clock.now().plus_secs(60);
        assert_eq!(granted_until(&ada, id).await, until.to_string());
        assert_eq!(access.lease().granted_until(), Some(until));
        for _ in 0..5 {
            server.clock.advance_secs(59);
            assert_eq!(access.lease().check(), Ok(()));
            access.lease().record_input();
        }
        assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
        server.clock.advance_secs(5);
        assert_eq!(access.lease().check(), Err(Revocation::GrantEnded), "300 seconds after the code, typing or not");
        assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
        set_times(&admin.client, (900, 28_800), logins).await;
        assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
        assert_eq!(access.lease().check(), Err(Revocation::GrantEnded));
        assert_eq!(granted_until(&ada, id).await, Value::Null);
        // A new code applies the new timeouts, to the open socket as well.
        ada.client.ok("POST", &lock_path(id, "verify"), json!({"code": server.code(&ada)})).await;
        assert_eq!(granted_until(&ada, id).await, server.clock.now().plus_secs(900).to_string());
        assert_eq!(access.lease().granted_until(), Some(server.clock.now().plus_secs(900)));
    }
}

#[tokio::test]
async fn shorter_timeouts_end_existing_logins_with_their_sockets_and_streams() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user(&admin, "ada").await;
        let idle = server.log_in_again(&ada).await;
        let id = server.terminal(&ada.client).await;
        let (typing, watching) = (socket(&server, &ada.client, id).await, socket(&server, &idle, id).await);
        let mut stream = ada.client.open("/api/events").await;
        let grants = (900, 28_800);
        set_times(&admin.client, grants, (300, 900)).await;
        for _ in 0..3 {
            server.clock.advance_secs(299);
            assert_eq!(typing.lease().check(), Ok(()));
            typing.lease().record_input();
        }
        assert_eq!(watching.lease().check(), Err(Revocation::LoginEnded), "idle for longer than 300 s");
        idle.refused(401, "GET", "/api/me", Value::Null).await;
        server.clock.advance_secs(3);
        assert_eq!(typing.lease().check(), Err(Revocation::LoginEnded), "900 seconds after signing in, typing or not");
        ada.client.refused(401, "GET", "/api/me", Value::Null).await;
        let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
        tokio::time::timeout(Duration::from_secs(30), ended).await.expect("the stream ends with its login");
        let admin = server.log_in_again(&admin).await;
        set_times(&admin, grants, (1800, 43_200)).await;
        for over in [&idle, &ada.client] {
            over.refused(401, "GET", "/api/me", Value::Null).await;
        }
    }
}

#[tokio::test]
async fn settings_out_of_range_are_rejected_and_change_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let usual = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    for (wrong, status) in [
        (json!({"grant_idle_secs": 59}), 422),
        (json!({"grant_idle_secs": 86_401}), 422),
        (json!({"session_idle_secs": 299}), 422),
        (json!({"terminals_max": 101}), 422),
        (json!({"audit_retention_days": 29}), 422),
        (json!({"session_absolute_secs": 900, "session_idle_secs": 1800}), 422),
        (json!({"no_such_setting": 1}), 400),
    ] {
        let mut settings = usual.clone();
        settings.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        admin.client.refused(status, "PUT", "/api/admin/settings", settings).await;
        assert_eq!(admin.client.ok("GET", "/api/admin/settings", Value::Null).await, usual, "{wrong}");
    }
    let mut settings = usual.clone();
    settings["grant_idle_secs"] = json!(60);
    admin.client.ok("PUT", "/api/admin/settings", settings.clone()).await;
    assert_eq!(admin.client.ok("GET", "/api/admin/settings", Value::Null).await, settings);
}

#[tokio::test]
async fn where_mfa_is_required_an_account_without_a_factor_may_only_enrol() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    settings["mfa_required"] = json!(true);
    admin.client.ok("PUT", "/api/admin/settings", settings.clone()).await;
    for (method, path) in [("GET", "/api/terminals"), ("GET", "/api/account/sessions"), ("GET", "/api/account/audit")] {
        let problem = ada.client.refused(400, method, path, Value::Null).await;
        assert_eq!(problem["type"], "mfa_required");
    }
    assert_eq!(ada.client.ok("GET", "/api/me", Value::Null).await["mfa_must_enrol"], true);
    server.enrol(&ada).await;
    ada.client.ok("GET", "/api/terminals", Value::Null).await;
    let code = server.code(&ada);
    ada.client.refused(409, "POST", "/api/account/mfa/disable", json!({ "code": code })).await;
}
