//! The lock: its four routes, revocation of open leases, and what stays denied. Sockets are leases obtained from the
//! gate.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use access::{Attach, Revocation};
use protocol::ProblemKind;
use rexec::problem::ToProblem as _;
use sandbox::fake::FakeBehavior;
use serde_json::{Value, json};

use super::mfa_codes::{code, kind};
use crate::support::server::{PASSWORD, TestServer, credentials, lock_path};

#[tokio::test]
async fn the_four_lock_routes_answer_as_documented() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let id = server.terminal(&ada.client).await;
    let [status, lock, unlock, verify] = ["status", "lock", "unlock", "verify"].map(|what| lock_path(id, what));
    let none = json!({"mfa_locked": false, "mfa_enabled": false, "can_use_feature": false, "granted_until": null});
    assert_eq!(ada.client.ok("GET", &status, Value::Null).await, none);
    assert_eq!(ada.client.refused(400, "POST", &lock, Value::Null).await["type"], "mfa_required");
    server.enrol(&ada).await;
    ada.client.refused(409, "POST", &unlock, code(&server.code(&ada))).await;
    ada.client.refused(409, "POST", &verify, code(&server.code(&ada))).await;
    let locked = json!({"mfa_locked": true, "mfa_enabled": true, "can_use_feature": true, "granted_until": null});
    assert_eq!(ada.client.ok("POST", &lock, Value::Null).await, locked);
    assert_eq!(ada.client.ok("POST", &lock, Value::Null).await, locked, "locking twice is locking once");
    ada.client.refused(400, "POST", &verify, json!({})).await;
    ada.client.refused(401, "POST", &verify, code("")).await;
    // The two refusals above did not spend the code: nothing was locked.
    let answer = ada.client.ok("POST", &verify, code(&server.code(&ada))).await;
    let until = server.clock.now().plus_secs(15 * 60).to_string();
    assert_eq!(answer, json!({"verified": true, "granted_until": until}));
    let granted = ada.client.ok("GET", &status, Value::Null).await;
    assert_eq!(
        (granted["mfa_locked"].as_bool(), granted["granted_until"].as_str()),
        (Some(true), Some(until.as_str()))
    );
    let open = json!({"mfa_locked": false, "mfa_enabled": true, "can_use_feature": true, "granted_until": null});
    assert_eq!(ada.client.ok("POST", &unlock, code(&server.next_code(&ada))).await, open);
    // Each refusal above is audited.
    for (event, refusals) in [
        ("terminal_mfa_locked", &["reason=no_factor"][..]),
        ("terminal_mfa_unlocked", &["reason=not_locked"]),
        ("terminal_mfa_access_verified", &["reason=wrong_code place=verify failures=1", "reason=not_locked"]),
    ] {
        let events = server.events(&admin, event).await;
        let failed = events.iter().filter(|e| e["outcome"] == "failure").map(|e| e["detail"].as_str().unwrap());
        assert_eq!(failed.collect::<Vec<_>>(), refusals, "{event}");
        let done = events.iter().find(|e| e["outcome"] == "success").unwrap();
        assert_eq!((done["actor"].as_str(), done["target"].as_str()), (Some("ada"), Some(id.to_string().as_str())));
    }
}

#[tokio::test]
async fn lock_revokes_every_lease_before_it_answers() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let other = server.log_in_again(&ada).await;
    let mut sockets = Vec::new();
    for client in [&ada.client, &other, &ada.client] {
        let access = server.services.gate.authorize(&server.caller(client).await, id, Attach).await.unwrap();
        let released = Arc::new(AtomicBool::new(false));
        let mark = released.clone();
        tokio::spawn(async move {
            assert_eq!(access.lease().ended().await, Revocation::Locked);
            mark.store(true, Ordering::SeqCst);
        });
        sockets.push(released);
    }
    ada.lock(id).await;
    assert!(
        sockets.iter().all(|released| released.load(Ordering::SeqCst)),
        "all had let go when the lock was answered"
    );
    for client in [&ada.client, &other] {
        assert_eq!(server.admitted(client, id).await, Err(ProblemKind::Locked));
    }
}

#[tokio::test]
async fn a_lease_that_is_not_released_does_not_delay_the_lock() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let access = server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await.unwrap();
    ada.lock(id).await;
    assert_eq!(access.lease().check(), Err(Revocation::Locked));
}

#[tokio::test]
async fn an_unconfirmed_factor_cannot_lock_a_terminal() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let id = server.terminal(&ada.client).await;
    ada.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    assert_eq!(ada.client.refused(400, "POST", &lock_path(id, "lock"), Value::Null).await["type"], "mfa_required");
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
}

/// While the engine has not finished the deletion, nothing else changes.
#[tokio::test]
async fn a_terminal_in_deletion_cannot_be_locked_or_unlocked() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    server.engine.set_behavior(FakeBehavior { delete_fails: true, ..FakeBehavior::default() });
    ada.client.ask("DELETE", &format!("/api/terminals/{id}"), code(&server.code(&ada))).await;
    ada.client.refused(404, "POST", &lock_path(id, "lock"), Value::Null).await;
    for what in ["verify", "unlock"] {
        ada.client.refused(404, "POST", &lock_path(id, what), code(&server.next_code(&ada))).await;
    }
}

/// A lock after an unlock revokes what the unlock left open.
#[tokio::test]
async fn a_lock_revokes_sockets_that_an_unlock_left_open() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    // A login of its own, because the unlock ends the leases of its login's older token.
    let other = server.log_in_again(&ada).await;
    other.ok("POST", &lock_path(id, "verify"), code(&server.next_code(&ada))).await;
    let access = server.services.gate.authorize(&server.caller(&other).await, id, Attach).await.unwrap();
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    assert_eq!(access.lease().check(), Ok(()));
    let (locking, ended) = tokio::join!(ada.lock(id), access.lease().ended());
    let () = locking;
    assert_eq!(ended, Revocation::Locked);
}

#[tokio::test]
async fn an_unavailable_database_denies_every_request() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let caller = server.caller(&ada.client).await;
    server.services.db.close().await;
    let denied = server.services.gate.authorize(&caller, id, Attach).await.unwrap_err();
    assert_eq!(denied.problem().kind, ProblemKind::Unavailable);
    ada.client.refused(503, "POST", &lock_path(id, "lock"), Value::Null).await;
    ada.client.refused(503, "GET", "/api/me", Value::Null).await;
    server.anonymous().refused(503, "POST", "/api/auth/login", credentials("ada")).await;
}

#[tokio::test]
async fn a_lock_without_a_factor_opens_to_no_code_and_attempts_are_audited() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let user = ada.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    admin.client.ok("POST", &format!("/api/admin/users/{user}/reset-mfa"), Value::Null).await;
    ada.client.ok("POST", "/api/auth/login", credentials("ada")).await;
    for (way, event) in [("verify", "terminal_mfa_access_verified"), ("unlock", "terminal_mfa_unlocked")] {
        assert_eq!(kind(&ada, &lock_path(id, way), code("123456")).await, (400, "mfa_required".to_owned()));
        let reported = &server.events(&admin, event).await[0];
        let of = |key: &str| reported[key].as_str().unwrap_or_default().to_owned();
        assert_eq!([of("outcome"), of("actor"), of("detail")], ["failure", "ada", "reason=no_factor"], "{way}");
    }
    let path = format!("/api/terminals/{id}");
    ada.client.refused(400, "DELETE", &path, code("123456")).await;
    let reported = &server.events(&admin, "terminal_delete_started").await[0];
    assert_eq!(reported["detail"], "locked=true reason=no_factor");
}
