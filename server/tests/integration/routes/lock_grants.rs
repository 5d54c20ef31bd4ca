//! Grants: what a verified code opens, for which login, and how long.

use access::{Attach, FactsSource as _, Revocation};
use protocol::ProblemKind;
use rexec::problem::ToProblem as _;
use serde_json::{Value, json};

use super::mfa_codes::code;
use crate::support::{
    database,
    server::{TestServer, lock_path},
};

#[tokio::test]
async fn a_grant_is_valid_for_one_terminal_and_one_login() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let (ada, bob) = (server.user_with_factor(&admin, "ada").await, server.user_with_factor(&admin, "bob").await);
        let other = server.log_in_again(&ada).await;
        let (one, two) = (server.terminal(&ada.client).await, server.terminal(&ada.client).await);
        ada.lock(one).await;
        ada.lock(two).await;
        ada.client.ok("POST", &lock_path(one, "verify"), code(&server.code(&ada))).await;
        assert_eq!(server.admitted(&ada.client, one).await, Ok(()));
        assert_eq!(server.admitted(&ada.client, two).await, Err(ProblemKind::Locked), "not another terminal");
        assert_eq!(server.admitted(&other, one).await, Err(ProblemKind::Locked), "not another login");
        assert_eq!(server.admitted(&bob.client, one).await, Err(ProblemKind::NotFound), "not another user");
        assert_eq!(server.admitted(&admin.client, one).await, Err(ProblemKind::NotFound), "not an administrator");
        // Users cannot open another user's terminal with their own code.
        bob.client.refused(404, "POST", &lock_path(one, "unlock"), code(&server.code(&bob))).await;
        ada.client.ok("POST", "/api/auth/logout", Value::Null).await;
        let back = server.log_in_again(&ada).await;
        assert_eq!(server.admitted(&back, one).await, Err(ProblemKind::Locked), "signing out ends the grant");
    }
}

#[tokio::test]
async fn verifying_a_code_invalidates_copies_of_the_cookie() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let thief = ada.client.clone();
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
    assert_eq!(server.admitted(&thief, id).await, Err(ProblemKind::NotLoggedIn));
    thief.refused(401, "POST", &lock_path(id, "lock"), Value::Null).await;
    assert_eq!(thief.open("/api/events").await.status(), 401);
    server.clock.advance_secs(10);
    thief.refused(401, "GET", "/api/me", Value::Null).await;
}

#[tokio::test]
async fn a_new_lock_ends_every_earlier_grant_for_good() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let access = server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await.unwrap();
    let held = tokio::spawn(async move { access.lease().ended().await });
    let epoch = async || {
        let facts =
            server.services.db.facts(server.caller(&ada.client).await.login_session().unwrap(), id).await.unwrap();
        (facts.terminal.unwrap().epoch, facts.grant.is_some())
    };
    let before = epoch().await;
    ada.lock(id).await;
    // The grant is deleted, and its epoch is outdated.
    assert_eq!((before.1, epoch().await), (true, (before.0 + 1, false)));
    assert_eq!(held.await.unwrap(), Revocation::Locked);
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
    ada.lock(id).await;
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
}

#[tokio::test]
async fn a_grant_has_idle_and_absolute_timeouts_and_is_renewed_on_open_sockets() {
    let (server, admin, ada) = TestServer::with_ada().await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    settings["grant_idle_secs"] = json!(60);
    settings["grant_absolute_secs"] = json!(300);
    admin.client.ok("PUT", "/api/admin/settings", settings).await;
    let id = server.terminal(&ada.client).await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let admit = async || server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await;
    let access = admit().await.unwrap();
    for _ in 0..4 {
        server.clock.advance_secs(59);
        access.lease().record_input();
        assert_eq!(access.lease().check(), Ok(()));
    }
    let status = ada.client.ok("GET", &lock_path(id, "status"), Value::Null).await;
    let until = server.clock.now().plus_secs(60).to_string();
    assert_eq!(status["granted_until"], until, "input that is not written down yet counts");
    server.clock.advance_secs(40);
    let end = access.lease().granted_until();
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    assert!(access.lease().granted_until() > end, "renewed for the open socket too, until it reconnects");
    let access = admit().await.unwrap();
    server.clock.advance_secs(59);
    assert_eq!(access.lease().check(), Ok(()), "past the first absolute end");
    server.clock.advance_secs(1);
    assert_eq!(access.lease().check(), Err(Revocation::GrantEnded));
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    let over = ada.client.ok("GET", &lock_path(id, "status"), Value::Null).await;
    assert_eq!(over["granted_until"], Value::Null);
}

#[tokio::test]
async fn unlocking_deletes_the_grants_of_the_lock() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let granted = async || {
        let session = server.caller(&ada.client).await.login_session().unwrap();
        server.services.db.facts(session, id).await.unwrap().grant.is_some()
    };
    assert!(granted().await);
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    assert!(!granted().await);
}

/// Consecutive grants expire separately, even while sockets of the first still exist.
#[tokio::test]
async fn input_on_a_revoked_lease_does_not_extend_a_later_grant() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let admit = async || server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let earlier_access = admit().await.unwrap();
    for with_a_socket in [false, true] {
        ada.lock(id).await;
        ada.client.ok("POST", &lock_path(id, "verify"), code(&server.next_code(&ada))).await;
        let open = if with_a_socket { Some(admit().await.unwrap()) } else { None };
        server.clock.advance_secs(14 * 60);
        earlier_access.lease().record_input();
        server.clock.advance_secs(60);
        assert_eq!(
            open.map(|access| access.lease().check()).unwrap_or(Err(Revocation::GrantEnded)),
            Err(Revocation::GrantEnded)
        );
        assert_eq!(admit().await.unwrap_err().problem().kind, ProblemKind::Locked);
    }
}

/// Removing the lock removes the expiry of grants of every login: sockets of others stay open until the next lock.
#[tokio::test]
async fn unlocking_removes_the_expiry_of_open_grants() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let other = server.log_in_again(&ada).await;
    ada.lock(id).await;
    other.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let access = server.services.gate.authorize(&server.caller(&other).await, id, Attach).await.unwrap();
    assert!(access.lease().granted_until().is_some());
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    server.clock.advance_secs(16 * 60);
    assert_eq!((access.lease().granted_until(), access.lease().check()), (None, Ok(())));
    // Grants of a later lock have its epoch and expire.
    drop(access);
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.next_code(&ada))).await;
    let access = server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await.unwrap();
    server.services.revocations.remove_lock(id, 1);
    assert!(access.lease().granted_until().is_some(), "an unlock that is reported late lifts nothing new");
    server.clock.advance_secs(16 * 60);
    assert_eq!(access.lease().check(), Err(Revocation::GrantEnded));
}
