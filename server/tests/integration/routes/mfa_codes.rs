//! Codes of the second factor: replays, clock drift, guesses, races.

use serde_json::{Value, json};

use crate::support::{
    database,
    server::{PASSWORD, TestServer, User, credentials, lock_path},
};

pub const CODES: &str = "/api/account/mfa/recovery-codes";

pub fn code(code: &str) -> Value {
    json!({ "code": code })
}

pub async fn kind(user: &User, path: &str, body: Value) -> (u16, String) {
    let reply = user.client.ask("POST", path, body).await;
    (reply.status, reply.kind().to_owned())
}

#[tokio::test]
async fn a_code_and_every_earlier_one_are_accepted_once_across_all_routes() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let (one, two) = (server.terminal(&ada.client).await, server.terminal(&ada.client).await);
        ada.lock(one).await;
        ada.lock(two).await;
        // The code that confirmed the enrolment is spent.
        assert_eq!(kind(&ada, CODES, code(&server.code_at(&ada, -1))).await, (401, "wrong_code".into()));
        let spent = server.code(&ada);
        ada.client.ok("POST", &lock_path(one, "verify"), code(&spent)).await;
        let earlier = server.code_at(&ada, -1);
        for old in [&spent, &earlier] {
            for path in [lock_path(one, "verify"), lock_path(two, "verify"), lock_path(two, "unlock"), CODES.into()] {
                assert_eq!(kind(&ada, &path, code(old)).await, (401, "wrong_code".into()), "{path}");
            }
            let enrol = json!({"password": PASSWORD, "code": old});
            assert_eq!(kind(&ada, "/api/account/mfa/enrol", enrol).await.0, 401);
            let change = json!({"current": PASSWORD, "new": "another few words 8", "code": old});
            assert_eq!(kind(&ada, "/api/account/password", change).await.0, 401);
            ada.client.refused(401, "DELETE", &format!("/api/terminals/{two}"), code(old)).await;
            let pending = server.anonymous();
            pending.ok("POST", "/api/auth/login", credentials("ada")).await;
            pending.refused(401, "POST", "/api/auth/login/mfa", code(old)).await;
        }
        ada.client.ok("POST", &lock_path(one, "unlock"), code(&server.next_code(&ada))).await;
        ada.client.ok("POST", &lock_path(two, "unlock"), code(&server.next_code(&ada))).await;
        // Nothing is locked now: a spent code does not disable the factor either.
        let spent = server.code(&ada);
        assert_eq!(kind(&ada, "/api/account/mfa/disable", code(&spent)).await, (401, "wrong_code".into()));
        let replays = server.events(&admin, "mfa_replayed").await.len();
        assert!(replays >= 7, "replays are written down: {replays}");
    }
}

#[tokio::test]
async fn concurrent_unlocks_with_one_code_succeed_once() {
    for db in database::each().await {
        let name = db.name;
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let mut terminals = Vec::new();
        for _ in 0..10 {
            let id = server.terminal(&ada.client).await;
            ada.lock(id).await;
            terminals.push(id);
        }
        let right = server.code(&ada);
        let tries = (0..200).map(|i| {
            let (client, path, body) = (ada.client.clone(), lock_path(terminals[i % 10], "unlock"), code(&right));
            tokio::spawn(async move { client.ask("POST", &path, body).await.status })
        });
        let mut statuses = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{name}: {statuses:?}");
        assert!(statuses.iter().all(|s| [200, 401, 409, 503].contains(s)), "{name}: {statuses:?}");
        let mut tx = server.services.db.read().await.unwrap();
        let mut open = 0;
        for id in &terminals {
            open += usize::from(!tx.terminal(*id).await.unwrap().unwrap().mfa_locked);
        }
        assert_eq!(open, 1, "{name}");
        tx.commit().await.unwrap();
        let verdict = admin.client.ok("GET", "/api/admin/audit/verify", Value::Null).await;
        assert_eq!(verdict["intact"], true);
    }
}

#[tokio::test]
async fn the_current_and_previous_step_are_accepted_and_the_next_only_by_setting() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    ada.lock(id).await;
    for ahead in [false, true] {
        settings["totp_one_step_ahead"] = json!(ahead);
        admin.client.ok("PUT", "/api/admin/settings", settings.clone()).await;
        for (offset, taken) in [(-2, false), (-1, true), (0, true), (1, ahead), (2, false)] {
            // Far enough that no step was used, and never five failures in a row.
            server.clock.advance_secs(300);
            let status = kind(&ada, &lock_path(id, "verify"), code(&server.code_at(&ada, offset))).await.0;
            assert_eq!(status, if taken { 200 } else { 401 }, "offset {offset}, ahead {ahead}");
        }
    }
}

#[tokio::test]
async fn a_clock_set_back_revives_no_spent_code() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    let earlier = server.next_code(&ada);
    let newer = server.next_code(&ada);
    ada.client.ok("POST", CODES, code(&newer)).await;
    server.clock.advance_secs(-30);
    let pending = server.anonymous();
    pending.ok("POST", "/api/auth/login", credentials("ada")).await;
    pending.refused(401, "POST", "/api/auth/login/mfa", code(&earlier)).await;
    pending.refused(401, "POST", "/api/auth/login/mfa", code(&newer)).await;
}

#[tokio::test]
async fn wrong_codes_are_counted_across_all_routes() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let other = server.log_in_again(&ada).await;
        // Trusted devices have counters of their own.
        for client in [&ada.client, &other] {
            client.remove_cookie("__Host-rexec-known");
        }
        let (one, two) = (server.terminal(&ada.client).await, server.terminal(&ada.client).await);
        ada.lock(one).await;
        ada.lock(two).await;
        let wrong = server.wrong_code(&ada);
        ada.client.refused(401, "POST", &lock_path(one, "verify"), code(&wrong)).await;
        other.refused(401, "POST", &lock_path(two, "unlock"), code(&wrong)).await;
        ada.client.refused(401, "POST", CODES, code("not a code at all")).await;
        other.refused(401, "POST", CODES, code("abcd-efgh-ijkl-mnop")).await;
        ada.client.refused(401, "DELETE", &format!("/api/terminals/{one}"), code(&wrong)).await;
        for (client, path) in [(&ada.client, lock_path(one, "verify")), (&other, CODES.to_owned())] {
            let problem = client.refused(429, "POST", &path, code(&server.code(&ada))).await;
            assert_eq!(problem["retry_after"], 30, "not even a right code is looked at");
        }
        let forged = [("x-forwarded-for", "198.51.100.9")];
        let reply = ada.client.ask_with("POST", CODES, code(&wrong), &forged).await;
        assert_eq!(reply.status, 429);
        server.clock.advance_secs(30);
        ada.client.refused(401, "POST", CODES, code(&server.wrong_code(&ada))).await;
        assert_eq!(ada.client.refused(429, "POST", CODES, code(&wrong)).await["retry_after"], 60);
        server.clock.advance_secs(60);
        ada.client.ok("POST", CODES, code(&server.code(&ada))).await;
        // A correct code resets the count: five more are allowed.
        server.clock.advance_secs(30);
        for _ in 0..5 {
            ada.client.refused(401, "POST", &lock_path(one, "verify"), code(&server.wrong_code(&ada))).await;
        }
        let own = ada.client.ok("GET", "/api/account/audit?outcome=failure&limit=200", Value::Null).await;
        let events: Vec<&str> = own["items"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
        for event in ["mfa_failed", "mfa_throttled", "terminal_mfa_access_verified", "terminal_mfa_unlocked"] {
            assert!(events.contains(&event), "{event} in {events:?}");
        }
        let reported = ada.client.ok("GET", "/api/me", Value::Null).await["notices"].to_string();
        assert!(reported.contains("5 wrong codes"), "{reported}");
    }
}

#[tokio::test]
async fn concurrent_guesses_are_verified_sequentially() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let wrong = server.wrong_code(&ada);
        let id = server.terminal(&ada.client).await;
        ada.lock(id).await;
        let routes = [
            ("POST", lock_path(id, "verify")),
            ("POST", lock_path(id, "unlock")),
            ("DELETE", format!("/api/terminals/{id}")),
        ];
        let tries = (0..60).map(|n| {
            let (client, body, (method, path)) = (ada.client.clone(), code(&wrong), routes[n % routes.len()].clone());
            tokio::spawn(async move { client.ask(method, &path, body).await.status })
        });
        let mut verified = 0;
        for one in tries.collect::<Vec<_>>() {
            verified += usize::from(one.await.unwrap() == 401);
        }
        assert_eq!(verified, 5);
    }
}

#[tokio::test]
async fn wrong_codes_at_login_do_not_throttle_a_signed_in_user() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let thief = server.anonymous();
    thief.ok("POST", "/api/auth/login", credentials("ada")).await;
    for _ in 0..5 {
        thief.refused(401, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
    }
    thief.refused(429, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    thief.refused(429, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
}

#[tokio::test]
async fn a_hundred_failures_stop_the_authenticator_until_a_recovery_code_is_used() {
    let (server, admin, ada) = TestServer::with_ada().await;
    for n in 0..100 {
        server.clock.advance_secs(if n < 5 { 0 } else { 3600 });
        // Longer than a login lasts, so each guess uses a new login.
        let client = server.anonymous();
        client.ok("POST", "/api/auth/login", credentials("ada")).await;
        client.refused(401, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
    }
    server.clock.advance_secs(3600);
    let client = server.anonymous();
    client.ok("POST", "/api/auth/login", credentials("ada")).await;
    client.refused(429, "POST", "/api/auth/login/mfa", code(&server.code(&ada))).await;
    client.ok("POST", "/api/auth/login/mfa", code(&ada.take_recovery_code())).await;
    client.ok("POST", CODES, code(&server.next_code(&ada))).await;
    let admin = server.log_in_again(&admin).await;
    let stopped = admin.ok("GET", "/api/admin/audit?event=mfa_stopped", Value::Null).await;
    assert_eq!(stopped["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_recovery_code_sent_concurrently_is_used_once_and_its_user_is_notified() {
    for db in database::each().await {
        let name = db.name;
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let mut pending = Vec::new();
        for _ in 0..50 {
            let client = server.anonymous();
            client.ok("POST", "/api/auth/login", credentials("ada")).await;
            pending.push(client);
        }
        let recovery = ada.take_recovery_code();
        let tries = pending.into_iter().map(|client| {
            let body = code(&recovery.to_uppercase());
            tokio::spawn(async move { client.ask("POST", "/api/auth/login/mfa", body).await.status })
        });
        let mut statuses = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{name}: {statuses:?}");
        let me = ada.client.ok("GET", "/api/me", Value::Null).await;
        assert_eq!(me["recovery_codes_left"], 9);
        assert!(me["notices"].to_string().contains("recovery code was used"), "{me}");
        assert_eq!(server.events(&admin, "mfa_recovery_used").await.len(), 1);
    }
}

#[tokio::test]
async fn concurrent_correct_codes_complete_a_pending_login_once() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let pending_client = server.anonymous();
        pending_client.ok("POST", "/api/auth/login", credentials("ada")).await;
        let before =
            ada.client.ok("GET", "/api/account/sessions", Value::Null).await["items"].as_array().unwrap().len();
        let tries = (0..5).map(|_| {
            let (client, body) = (pending_client.clone(), code(&ada.take_recovery_code()));
            tokio::spawn(async move { client.ask("POST", "/api/auth/login/mfa", body).await.status })
        });
        let mut statuses = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        let after = ada.client.ok("GET", "/api/account/sessions", Value::Null).await["items"].as_array().unwrap().len();
        assert_eq!(after, before + 1);
    }
}
