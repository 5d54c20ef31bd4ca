//! The lock under attack, where no container is needed: the gate is asked as a socket asks it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use access::{Attach, Denied, Revocation, Scope};
use protocol::{ProblemKind, names::Sensitive};
use rexec::terminals::lock;
use sandbox::fake::Script;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::proofs::proof;
use crate::{
    database,
    server::{PASSWORD, TestServer, credentials, lock_path},
};
use access::FactsSource as _;
use rexec::problem::ToProblem as _;

fn code(code: &str) -> Value {
    json!({ "code": code })
}

#[tokio::test]
async fn the_four_routes_say_what_the_contract_says() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
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
    // The code was not spent by the two refusals above: nothing was locked.
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
    // Each refusal of the routes above is in the trail as well.
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
async fn locking_cuts_every_open_lease_before_it_answers() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let other = server.elsewhere(&ada).await;
    let mut sockets = Vec::new();
    for client in [&ada.client, &other, &ada.client] {
        let access = server.services.gate.authorize(&server.caller(client).await, id, Attach).await.unwrap();
        let gone = Arc::new(AtomicBool::new(false));
        let mark = gone.clone();
        tokio::spawn(async move {
            assert_eq!(access.lease().ended().await, Revocation::Locked);
            mark.store(true, Ordering::SeqCst);
        });
        sockets.push(gone);
    }
    ada.lock(id).await;
    assert!(sockets.iter().all(|gone| gone.load(Ordering::SeqCst)), "all had let go when the lock was answered");
    for client in [&ada.client, &other] {
        assert_eq!(server.admitted(client, id).await, Err(ProblemKind::Locked));
    }
}

#[tokio::test]
async fn a_socket_that_does_not_let_go_does_not_hold_the_lock_up_and_moves_nothing() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let stubborn = server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await.unwrap();
    ada.lock(id).await;
    assert_eq!(stubborn.lease().check(), Err(Revocation::Locked));
}

#[tokio::test]
async fn a_grant_opens_one_terminal_for_one_login_of_one_person() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let (ada, bob) = (server.guarded(&admin, "ada").await, server.guarded(&admin, "bob").await);
        let other = server.elsewhere(&ada).await;
        let (one, two) = (server.terminal(&ada.client).await, server.terminal(&ada.client).await);
        ada.lock(one).await;
        ada.lock(two).await;
        ada.client.ok("POST", &lock_path(one, "verify"), code(&server.code(&ada))).await;
        assert_eq!(server.admitted(&ada.client, one).await, Ok(()));
        assert_eq!(server.admitted(&ada.client, two).await, Err(ProblemKind::Locked), "not another terminal");
        assert_eq!(server.admitted(&other, one).await, Err(ProblemKind::Locked), "not another login");
        assert_eq!(server.admitted(&bob.client, one).await, Err(ProblemKind::NotFound), "not another person");
        assert_eq!(server.admitted(&admin.client, one).await, Err(ProblemKind::NotFound), "not an administrator");
        // A person cannot open somebody else's terminal with a code of their own.
        bob.client.refused(404, "POST", &lock_path(one, "unlock"), code(&server.code(&bob))).await;
        ada.client.ok("POST", "/api/auth/logout", Value::Null).await;
        let back = server.elsewhere(&ada).await;
        assert_eq!(server.admitted(&back, one).await, Err(ProblemKind::Locked), "signing out ends the grant");
    }
}

#[tokio::test]
async fn a_cookie_copied_before_the_owner_gave_a_code_is_worth_nothing_after_it() {
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
async fn a_new_lock_ends_every_grant_and_an_old_grant_never_comes_back() {
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
    // Twice over: the grant is gone, and would not fit any more were it there.
    assert_eq!((before.1, epoch().await), (true, (before.0 + 1, false)));
    assert_eq!(held.await.unwrap(), Revocation::Locked);
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
    ada.lock(id).await;
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
}

#[tokio::test]
async fn a_grant_ends_by_idleness_by_its_absolute_end_and_is_renewed_without_losing_the_shell() {
    let (server, admin, ada) = TestServer::with_ada().await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    settings["grant_idle_secs"] = json!(60);
    settings["grant_absolute_secs"] = json!(300);
    admin.client.ok("PUT", "/api/admin/settings", settings).await;
    let id = server.terminal(&ada.client).await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let access = server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await.unwrap();
    for _ in 0..4 {
        server.clock.advance_secs(59);
        access.lease().record_input();
        assert_eq!(access.lease().check(), Ok(()));
    }
    let status = ada.client.ok("GET", &lock_path(id, "status"), Value::Null).await;
    let until = server.clock.now().plus_secs(60).to_string();
    assert_eq!(status["granted_until"], until, "input that is not written down yet counts");
    server.clock.advance_secs(40);
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    server.clock.advance_secs(59);
    assert_eq!(access.lease().check(), Ok(()), "renewed: past the first absolute end, and the socket stayed");
    server.clock.advance_secs(1);
    assert_eq!(access.lease().check(), Err(Revocation::GrantEnded));
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    let over = ada.client.ok("GET", &lock_path(id, "status"), Value::Null).await;
    assert_eq!(over["granted_until"], Value::Null);
}

#[tokio::test]
async fn a_reset_factor_opens_no_locked_terminal_to_nobody() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let access = server.services.gate.authorize(&server.caller(&ada.client).await, id, Attach).await.unwrap();
    let user = ada.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    ada.client.refused(403, "POST", &format!("/api/admin/users/{user}/reset-mfa"), Value::Null).await;
    admin.client.ok("POST", &format!("/api/admin/users/{user}/reset-mfa"), Value::Null).await;
    assert_eq!(access.lease().check(), Err(Revocation::LoginEnded));
    assert_eq!(server.admitted(&admin.client, id).await, Err(ProblemKind::NotFound));
    ada.client.refused(401, "GET", "/api/me", Value::Null).await;
    assert_eq!(ada.client.ok("POST", "/api/auth/login", credentials("ada")).await["status"], "ok");
    let told = ada.client.ok("GET", "/api/me", Value::Null).await;
    assert!(told["notices"].to_string().contains("reset your MFA"), "{told}");
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    ada.client.refused(400, "POST", &lock_path(id, "verify"), code("000000")).await;
    server.enrol(&ada).await;
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
}

#[tokio::test]
async fn an_administrator_cannot_become_the_owner_of_a_locked_terminal_by_resetting_password_and_factor() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let (ada, bob) = (server.guarded(&admin, "ada").await, server.guarded(&admin, "bob").await);
        let mut ids = Vec::new();
        for person in [&ada, &bob] {
            let id = server.terminal(&person.client).await;
            person.lock(id).await;
            let me = person.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
            ids.push((id, format!("/api/admin/users/{me}")));
        }
        let token_of = |link: &Value| link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
        let choose = |token: &str| json!({"token": token, "password": "what the administrator chose"});

        // The password first, the factor second.
        let link = admin.client.ok("POST", &format!("{}/reset-link", ids[0].1), Value::Null).await;
        server.visitor().ok("POST", "/api/invite", choose(&token_of(&link))).await;
        let problem = admin.client.refused(409, "POST", &format!("{}/reset-mfa", ids[0].1), Value::Null).await;
        assert_eq!(problem["type"], "terminals_locked");

        // The factor first, the password second; also by a link that was made before.
        let early = admin.client.ok("POST", &format!("{}/reset-link", ids[1].1), Value::Null).await;
        admin.client.ok("POST", &format!("{}/reset-mfa", ids[1].1), Value::Null).await;
        admin.client.refused(409, "POST", &format!("{}/reset-link", ids[1].1), Value::Null).await;
        server.visitor().refused(409, "POST", "/api/invite", choose(&token_of(&early))).await;

        // Bob, who knows his password, gets in again by himself.
        bob.client.ok("POST", "/api/auth/login", credentials("bob")).await;
        server.enrol(&bob).await;
        bob.client.ok("POST", &lock_path(ids[1].0, "unlock"), code(&server.code(&bob))).await;

        // Nobody removes a factor of their own without a code, administrators neither.
        let own = admin.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
        server.enrol(&admin).await;
        admin.client.refused(409, "POST", &format!("/api/admin/users/{own}/reset-mfa"), Value::Null).await;
    }
}

#[tokio::test]
async fn a_lock_that_crosses_a_connect_leaves_nobody_in() {
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
            // As a socket does it: it lets go when it is cut, and a lock that cuts nobody is found out by its answer.
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

/// The cut falls between the reading of the facts and the proof made of them: nobody gets as far as a socket.
#[tokio::test]
async fn a_cut_while_somebody_is_let_in_is_seen_before_the_proof_is_given() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let caller = server.caller(&ada.client).await;
    for (cut, kind) in [
        (Revocation::Locked, ProblemKind::Locked),
        (Revocation::Stopped, ProblemKind::NotRunning),
        (Revocation::Deleted, ProblemKind::NotFound),
    ] {
        let admitting = loop {
            let mut admitting = Box::pin(server.services.gate.authorize(&caller, id, Attach));
            // Now and then the database is quicker than the question.
            if futures_util::poll!(&mut admitting).is_pending() {
                break admitting;
            }
        };
        let _ = server.services.revocations.revoke(Scope::Terminal(id), cut, Duration::ZERO).await;
        assert_eq!(admitting.await.unwrap_err().problem().kind, kind);
    }
}

#[tokio::test]
async fn a_factor_that_is_not_confirmed_opens_nothing_so_it_locks_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    let id = server.terminal(&ada.client).await;
    ada.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    assert_eq!(ada.client.refused(400, "POST", &lock_path(id, "lock"), Value::Null).await["type"], "mfa_required");
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
}

#[tokio::test]
async fn unlocking_takes_the_grants_with_the_lock() {
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

/// Its removal is decided, and only the engine is slow: nothing about it changes any more.
#[tokio::test]
async fn what_is_being_deleted_is_neither_locked_nor_opened() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    server.engine.script(Script { stuck: true, ..Script::default() });
    ada.client.ask("DELETE", &format!("/api/terminals/{id}"), code(&server.code(&ada))).await;
    ada.client.refused(404, "POST", &lock_path(id, "lock"), Value::Null).await;
    for what in ["verify", "unlock"] {
        ada.client.refused(404, "POST", &lock_path(id, what), code(&server.next_code(&ada))).await;
    }
}

/// The lock goes while somebody's code for it waits to be looked at: nothing is granted, and the code is not spent.
#[tokio::test]
async fn a_code_for_a_lock_that_goes_meanwhile_grants_nothing_and_stays_good() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let (services, caller) = (server.services.clone(), server.caller(&ada.client).await);
    // The one place for writers is taken, so that the code waits behind this.
    let mut tx = server.services.db.begin().await.unwrap();
    let typed = Sensitive::new(server.code(&ada));
    let verifying =
        tokio::spawn(
            async move { lock::verify(&services, &caller, id, &typed).await.map(drop).map_err(|e| e.problem()) },
        );
    // Time to come as far as that. Were it slower, it would see that nothing is locked, and refuse all the same.
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

/// Of two grants one after the other, each has a time of its own, however many sockets of the first still linger.
#[tokio::test]
async fn input_on_a_socket_that_was_cut_keeps_no_later_grant_alive() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    // Each code rotates the token of the login session, so the caller is read again.
    let admit = async || {
        let caller = server.caller(&ada.client).await;
        server.services.gate.authorize(&caller, id, Attach).await
    };
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let lingering = admit().await.unwrap();
    for with_a_socket in [false, true] {
        ada.lock(id).await;
        ada.client.ok("POST", &lock_path(id, "verify"), code(&server.next_code(&ada))).await;
        let open = if with_a_socket { Some(admit().await.unwrap()) } else { None };
        server.clock.advance_secs(14 * 60);
        lingering.lease().record_input();
        server.clock.advance_secs(60);
        assert_eq!(
            open.map(|access| access.lease().check()).unwrap_or(Err(Revocation::GrantEnded)),
            Err(Revocation::GrantEnded)
        );
        assert_eq!(admit().await.unwrap_err().problem().kind, ProblemKind::Locked);
    }
}

/// With the lock goes the time of the grant: what was open by a code stays open, until the next lock.
#[tokio::test]
async fn an_unlocked_terminal_asks_nobody_for_the_code_of_the_lock_that_is_gone() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let caller = server.caller(&ada.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    assert!(access.lease().granted_until().is_some());
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    server.clock.advance_secs(16 * 60);
    assert_eq!((access.lease().granted_until(), access.lease().check()), (None, Ok(())));
    // Grants for a later lock are of its epoch, and end in their time.
    drop(access);
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.next_code(&ada))).await;
    let caller = server.caller(&ada.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    server.services.revocations.remove_lock(id, 1);
    assert!(access.lease().granted_until().is_some(), "an unlock that is told late lifts nothing new");
    server.clock.advance_secs(16 * 60);
    assert_eq!(access.lease().check(), Err(Revocation::GrantEnded));
}

/// The lock after an unlock cuts what the unlock left open.
#[tokio::test]
async fn a_lock_cuts_sockets_that_an_unlock_left_open() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    let caller = server.caller(&ada.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    assert_eq!(access.lease().check(), Ok(()));
    let (locking, ended) = tokio::join!(ada.lock(id), access.lease().ended());
    let () = locking;
    assert_eq!(ended, Revocation::Locked);
}

#[tokio::test]
async fn a_browser_that_hangs_up_in_the_middle_of_locking_does_not_stop_it() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let caller = server.caller(&ada.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    {
        let locking = rexec::terminals::lock::lock(&server.services, &caller, id);
        tokio::pin!(locking);
        // Polled until the change is under way in its own task, then dropped as a closed connection drops it.
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

#[tokio::test]
async fn a_database_that_does_not_answer_lets_nobody_in() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let caller = server.caller(&ada.client).await;
    server.services.db.close().await;
    let denied = server.services.gate.authorize(&caller, id, Attach).await.unwrap_err();
    assert_eq!(denied.problem().kind, ProblemKind::Unavailable);
    ada.client.refused(503, "POST", &lock_path(id, "lock"), Value::Null).await;
    ada.client.refused(503, "GET", "/api/me", Value::Null).await;
    server.visitor().refused(503, "POST", "/api/auth/login", credentials("ada")).await;
}

/// A double click, on a terminal that nobody ever locked: each is told that it goes.
#[tokio::test]
async fn deletions_of_one_terminal_at_once_are_one_and_none_is_told_of_a_lock() {
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
