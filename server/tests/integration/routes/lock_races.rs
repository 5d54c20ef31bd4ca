//! Locks concurrent with other requests: attaching, verifying a code, a caller that disconnects.

use std::time::Duration;

use access::{Attach, Denied, Revocation, Scope};
use protocol::{ProblemKind, names::Sensitive};
use rexec::{problem::ToProblem as _, terminals::lock};
use tokio_util::sync::CancellationToken;

use super::mfa_codes::code;
use crate::support::{
    proofs::proof,
    server::{TestServer, lock_path},
};

#[tokio::test]
async fn a_lock_concurrent_with_an_attach_leaves_no_client_attached() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let caller = server.caller(&ada.client).await;
    for round in 0..200 {
        let (gate, caller) = (server.services.gate.clone(), caller.clone());
        let answered = CancellationToken::new();
        let lock_answered = answered.clone();
        let connects = tokio::spawn(async move {
            for _ in 0..round % 16 {
                tokio::task::yield_now().await;
            }
            let access = gate.authorize(&caller, id, Attach).await?;
            // As a socket does: release when revoked. A lock that revoked nothing is noticed by its answer.
            tokio::select! {
                _ = access.lease().ended() => {}
                () = lock_answered.cancelled() => {}
            }
            Ok::<_, Denied>(access.lease().check())
        });
        ada.lock(id).await;
        answered.cancel();
        match connects.await.unwrap() {
            Ok(live) => assert_eq!(live, Err(Revocation::Locked), "round {round}"),
            Err(denied) => assert_eq!(denied.problem().kind, ProblemKind::Locked),
        }
        let mut tx = server.services.db.begin().await.unwrap();
        tx.set_lock(&proof(id), false).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Access is revoked between reading the facts and creating the proof.
#[tokio::test]
async fn a_revocation_during_authorization_denies_the_proof() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let caller = server.caller(&ada.client).await;
    for (reason, kind) in [
        (Revocation::Locked, ProblemKind::Locked),
        (Revocation::Stopped, ProblemKind::NotRunning),
        (Revocation::Deleted, ProblemKind::NotFound),
    ] {
        let authorizing = loop {
            let mut authorizing = Box::pin(server.services.gate.authorize(&caller, id, Attach));
            // Sometimes the database answers at the first poll.
            if futures_util::poll!(&mut authorizing).is_pending() {
                break authorizing;
            }
        };
        let _ = server.services.revocations.revoke(Scope::Terminal(id), reason, Duration::ZERO).await;
        assert_eq!(authorizing.await.unwrap_err().problem().kind, kind);
    }
}

/// The lock is removed while the verification of a code waits.
#[tokio::test]
async fn a_code_for_a_lock_removed_concurrently_grants_nothing_and_is_not_spent() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let (services, caller) = (server.services.clone(), server.caller(&ada.client).await);
    // Takes the only writer, so that the verification waits.
    let mut tx = server.services.db.begin().await.unwrap();
    let typed = Sensitive::new(server.code(&ada));
    let verifying =
        tokio::spawn(
            async move { lock::verify(&services, &caller, id, &typed).await.map(drop).map_err(|e| e.problem()) },
        );
    // Time for the verification to reach that point. If it is slower, it finds no lock and is refused as well.
    for _ in 0..100 {
        drop(server.services.db.read().await.unwrap());
    }
    tx.set_lock(&proof(id), false).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(verifying.await.unwrap().unwrap_err().kind, ProblemKind::Conflict);
    ada.lock(id).await;
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
}

#[tokio::test]
async fn a_lock_completes_after_its_caller_disconnects() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let caller = server.caller(&ada.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    {
        let locking = rexec::terminals::lock::lock(&server.services, &caller, id);
        tokio::pin!(locking);
        // Polled until the change runs in its own task, then dropped, as on a closed connection.
        while server.services.tasks.is_empty() {
            assert!(futures_util::poll!(&mut locking).is_pending());
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(access.lease().ended().await, Revocation::Locked);
    drop(access);
    server.services.tasks.close();
    server.services.tasks.wait().await;
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
}
