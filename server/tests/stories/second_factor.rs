//! The second factor under attack: replays, drift, guesses, races, enrolment.

use protocol::limits;
use rexec::mfa::totp;
use serde_json::{Value, json};

use crate::{
    database,
    server::{PASSWORD, Person, TestServer, credentials, lock_path},
};

const CODES: &str = "/api/account/mfa/recovery-codes";

fn code(code: &str) -> Value {
    json!({ "code": code })
}

async fn kind(person: &Person, path: &str, body: Value) -> (u16, String) {
    let reply = person.client.ask("POST", path, body).await;
    (reply.status, reply.kind().to_owned())
}

#[tokio::test]
async fn the_server_makes_the_secret_and_keeps_it_pending_until_the_first_right_code() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    ada.client.refused(401, "POST", "/api/account/mfa/enrol", json!({"password": "wrong"})).await;
    ada.client.refused(409, "POST", "/api/account/mfa/confirm", code("000000")).await;
    let other = server.elsewhere(&ada).await;
    let answer = ada.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    let secret = answer["secret"].as_str().unwrap();
    assert_eq!(data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap().len(), 20, "160 bit");
    assert!(answer["otpauth_url"].as_str().unwrap().contains(&format!("secret={secret}&issuer=Rexec")));
    assert!(answer["qr_svg"].as_str().unwrap().starts_with("<svg"));
    assert_eq!(ada.client.ok("GET", "/api/me", Value::Null).await["mfa_enabled"], false);
    *ada.secret.lock().unwrap() = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let told = ada.client.refused(401, "POST", "/api/account/mfa/confirm", code(&server.wrong_code(&ada))).await;
    assert!(told["detail"].as_str().unwrap().contains("Compare the key in your app"), "{told}");
    // A second start replaces the first pending secret.
    let answer = ada.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    ada.client.refused(401, "POST", "/api/account/mfa/confirm", code(&server.code(&ada))).await;
    server.confirm(&ada, &answer).await;
    let me = ada.client.ok("GET", "/api/me", Value::Null).await;
    assert_eq!((me["mfa_enabled"].as_bool(), me["recovery_codes_left"].as_u64()), (Some(true), Some(10)));
    assert_eq!(ada.recovery.lock().unwrap().len(), limits::RECOVERY_CODES);
    other.refused(401, "GET", "/api/me", Value::Null).await;
    assert_eq!(server.events(&admin, "mfa_enrolled").await.len(), 1);
}

#[tokio::test]
async fn a_pending_secret_is_forgotten_after_ten_minutes() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    let answer = ada.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    *ada.secret.lock().unwrap() =
        data_encoding::BASE32_NOPAD.decode(answer["secret"].as_str().unwrap().as_bytes()).unwrap();
    server.clock.advance_secs(600);
    ada.client.refused(409, "POST", "/api/account/mfa/confirm", code(&server.code(&ada))).await;
}

#[tokio::test]
async fn replacing_the_factor_needs_the_factor_and_the_old_one_stays_until_the_new_one_is_confirmed() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    // A stolen session, even with the password.
    let thief = ada.client.clone();
    let without = thief.refused(401, "POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    assert_eq!(without["type"], "wrong_code");
    let request = json!({"password": PASSWORD, "code": server.code(&ada)});
    let answer = ada.client.ok("POST", "/api/account/mfa/enrol", request).await;
    let id = server.terminal(&ada.client).await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.next_code(&ada))).await;
    server.confirm(&ada, &answer).await;
    ada.lock(id).await;
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&server.code(&ada))).await;
}

#[tokio::test]
async fn a_code_works_once_everywhere_and_so_does_every_earlier_one() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.guarded(&admin, "ada").await;
        let (one, two) = (server.terminal(&ada.client).await, server.terminal(&ada.client).await);
        ada.lock(one).await;
        ada.lock(two).await;
        // The code that confirmed the enrolment is spent too.
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
            let pending = server.visitor();
            pending.ok("POST", "/api/auth/login", credentials("ada")).await;
            pending.refused(401, "POST", "/api/auth/login/mfa", code(old)).await;
        }
        ada.client.ok("POST", &lock_path(one, "unlock"), code(&server.next_code(&ada))).await;
        ada.client.ok("POST", &lock_path(two, "unlock"), code(&server.next_code(&ada))).await;
        // Nothing is locked now: the spent code does not disable either.
        let spent = server.code(&ada);
        assert_eq!(kind(&ada, "/api/account/mfa/disable", code(&spent)).await, (401, "wrong_code".into()));
        let replays = server.events(&admin, "mfa_replayed").await.len();
        assert!(replays >= 7, "replays are written down: {replays}");
    }
}

#[tokio::test]
async fn two_hundred_unlocks_at_once_with_one_code_make_one() {
    for db in database::each().await {
        let name = db.name;
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.guarded(&admin, "ada").await;
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
async fn now_and_one_back_are_taken_and_one_ahead_only_where_the_setting_allows_it() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    ada.lock(id).await;
    for ahead in [false, true] {
        settings["totp_one_step_ahead"] = json!(ahead);
        admin.client.ok("PUT", "/api/admin/settings", settings.clone()).await;
        for (offset, taken) in [(-2, false), (-1, true), (0, true), (1, ahead), (2, false)] {
            // Far enough on that no step has been used, and never five failures in a row.
            server.clock.advance_secs(300);
            let status = kind(&ada, &lock_path(id, "verify"), code(&server.code_at(&ada, offset))).await.0;
            assert_eq!(status, if taken { 200 } else { 401 }, "offset {offset}, ahead {ahead}");
        }
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_brings_no_spent_code_to_life() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    let earlier = server.next_code(&ada);
    let newer = server.next_code(&ada);
    ada.client.ok("POST", CODES, code(&newer)).await;
    server.clock.advance_secs(-30);
    let pending = server.visitor();
    pending.ok("POST", "/api/auth/login", credentials("ada")).await;
    pending.refused(401, "POST", "/api/auth/login/mfa", code(&earlier)).await;
    pending.refused(401, "POST", "/api/auth/login/mfa", code(&newer)).await;
}

#[tokio::test]
async fn wrong_codes_are_counted_together_wherever_they_are_typed() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.guarded(&admin, "ada").await;
        let other = server.elsewhere(&ada).await;
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
        // Forgotten by a right code: five more are free.
        server.clock.advance_secs(30);
        for _ in 0..5 {
            ada.client.refused(401, "POST", &lock_path(one, "verify"), code(&server.wrong_code(&ada))).await;
        }
        let own = ada.client.ok("GET", "/api/account/audit?outcome=failure&limit=200", Value::Null).await;
        let events: Vec<&str> = own["items"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
        for event in ["mfa_failed", "mfa_throttled", "terminal_mfa_access_verified", "terminal_mfa_unlocked"] {
            assert!(events.contains(&event), "{event} in {events:?}");
        }
        let told = ada.client.ok("GET", "/api/me", Value::Null).await["notices"].to_string();
        assert!(told.contains("5 wrong codes"), "{told}");
    }
}

#[tokio::test]
async fn guesses_in_parallel_are_looked_at_one_after_the_other() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.guarded(&admin, "ada").await;
        let wrong = server.wrong_code(&ada);
        let id = server.terminal(&ada.client).await;
        ada.lock(id).await;
        let doors = [
            ("POST", lock_path(id, "verify")),
            ("POST", lock_path(id, "unlock")),
            ("DELETE", format!("/api/terminals/{id}")),
        ];
        let tries = (0..60).map(|n| {
            let (client, body, (method, path)) = (ada.client.clone(), code(&wrong), doors[n % doors.len()].clone());
            tokio::spawn(async move { client.ask(method, &path, body).await.status })
        });
        let mut looked_at = 0;
        for one in tries.collect::<Vec<_>>() {
            looked_at += usize::from(one.await.unwrap() == 401);
        }
        assert_eq!(looked_at, 5);
    }
}

#[tokio::test]
async fn somebody_with_the_password_cannot_keep_a_signed_in_person_out() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let thief = server.visitor();
    thief.ok("POST", "/api/auth/login", credentials("ada")).await;
    for _ in 0..5 {
        thief.refused(401, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
    }
    thief.refused(429, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    thief.refused(429, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
}

#[tokio::test]
async fn a_hundred_failures_stop_the_app_and_a_recovery_code_starts_it_again() {
    let (server, admin, ada) = TestServer::with_ada().await;
    for n in 0..100 {
        server.clock.advance_secs(if n < 5 { 0 } else { 3600 });
        // Longer than a login lives: guesses go on from fresh logins.
        let client = server.visitor();
        client.ok("POST", "/api/auth/login", credentials("ada")).await;
        client.refused(401, "POST", "/api/auth/login/mfa", code(&server.wrong_code(&ada))).await;
    }
    server.clock.advance_secs(3600);
    let client = server.visitor();
    client.ok("POST", "/api/auth/login", credentials("ada")).await;
    client.refused(429, "POST", "/api/auth/login/mfa", code(&server.code(&ada))).await;
    client.ok("POST", "/api/auth/login/mfa", code(&ada.take_recovery_code())).await;
    client.ok("POST", CODES, code(&server.next_code(&ada))).await;
    let admin = server.elsewhere(&admin).await;
    let stopped = admin.ok("GET", "/api/admin/audit?event=mfa_stopped", Value::Null).await;
    assert_eq!(stopped["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn one_recovery_code_in_fifty_requests_is_spent_by_one_and_its_person_is_told() {
    for db in database::each().await {
        let name = db.name;
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.guarded(&admin, "ada").await;
        let mut pending = Vec::new();
        for _ in 0..50 {
            let client = server.visitor();
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
async fn one_half_login_becomes_one_login_however_many_right_codes_come_at_once() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.guarded(&admin, "ada").await;
        let half = server.visitor();
        half.ok("POST", "/api/auth/login", credentials("ada")).await;
        let before =
            ada.client.ok("GET", "/api/account/sessions", Value::Null).await["items"].as_array().unwrap().len();
        let tries = (0..5).map(|_| {
            let (client, body) = (half.clone(), code(&ada.take_recovery_code()));
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

#[tokio::test]
async fn fresh_recovery_codes_kill_the_old_ones_and_end_other_logins() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    let (old, other) = (ada.take_recovery_code(), server.elsewhere(&ada).await);
    let answer = ada.client.ok("POST", CODES, code(&ada.take_recovery_code())).await;
    assert_eq!(answer["recovery_codes"].as_array().unwrap().len(), 10);
    other.refused(401, "GET", "/api/me", Value::Null).await;
    for (given, advice) in [(old.as_str(), "recovery code works once"), ("12345", "A code is six digits")] {
        let told = ada.client.refused(401, "POST", CODES, code(given)).await;
        assert!(told["detail"].as_str().unwrap().contains(advice), "{told}");
    }
    let fresh = answer["recovery_codes"][0].as_str().unwrap();
    ada.client.ok("POST", CODES, code(fresh)).await;
}

#[tokio::test]
async fn removing_the_factor_needs_a_code_and_open_terminals_and_ends_other_logins() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let right = server.code(&ada);
    assert_eq!(kind(&ada, "/api/account/mfa/disable", code(&right)).await, (409, "terminals_locked".into()));
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&right)).await;
    let other = server.elsewhere(&ada).await;
    assert_eq!(kind(&ada, "/api/account/mfa/disable", code(&server.wrong_code(&ada))).await.0, 401);
    ada.client.ok("POST", "/api/account/mfa/disable", code(&server.next_code(&ada))).await;
    other.refused(401, "GET", "/api/me", Value::Null).await;
    assert_eq!(ada.client.ok("GET", "/api/me", Value::Null).await["mfa_enabled"], false);
    ada.client.refused(400, "POST", CODES, code("000000")).await;
    assert_eq!(server.visitor().ok("POST", "/api/auth/login", credentials("ada")).await["status"], "ok");
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_clear() {
    let (server, admin, ada) = TestServer::with_ada().await;
    let recovery = ada.take_recovery_code();
    ada.client.ok("POST", CODES, code(&recovery)).await;
    let trail = admin.client.ok("GET", "/api/admin/audit?limit=200", Value::Null).await.to_string();
    let secret = ada.secret.lock().unwrap().clone();
    let code_now = server.code(&ada);
    for hidden in [PASSWORD, &recovery, &totp::base32(&secret), &ada.client.cookie("__Host-rexec").unwrap()] {
        assert!(!trail.contains(hidden), "{hidden} is in the trail");
    }
    assert!(!trail.contains(&format!("\"{code_now}\"")));
    let store::Db::Sqlite { writer, .. } = &server.services.db else { unreachable!() };
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await.unwrap();
    let (_, _, file): (i64, String, String) = sqlx::query_as("PRAGMA database_list").fetch_one(writer).await.unwrap();
    let stored = std::fs::read(file).unwrap();
    let holds = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"ada") && !holds(&secret) && !holds(totp::base32(&secret).as_bytes()));
    assert!(!holds(PASSWORD.as_bytes()) && !holds(ada.client.cookie("__Host-rexec").unwrap().as_bytes()));
}

#[tokio::test]
async fn a_lock_that_outlives_its_factor_opens_to_nothing_and_the_trail_says_who_tried() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let user = ada.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    admin.client.ok("POST", &format!("/api/admin/users/{user}/reset-mfa"), Value::Null).await;
    ada.client.ok("POST", "/api/auth/login", credentials("ada")).await;
    for (way, event) in [("verify", "terminal_mfa_access_verified"), ("unlock", "terminal_mfa_unlocked")] {
        assert_eq!(kind(&ada, &lock_path(id, way), code("123456")).await, (400, "mfa_required".to_owned()));
        let told = &server.events(&admin, event).await[0];
        let of = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        assert_eq!([of("outcome"), of("actor"), of("detail")], ["failure", "ada", "reason=no_factor"], "{way}");
    }
    let path = format!("/api/terminals/{id}");
    ada.client.refused(400, "DELETE", &path, code("123456")).await;
    let told = &server.events(&admin, "terminal_delete_started").await[0];
    assert_eq!(told["detail"], "locked=true reason=no_factor");
}
