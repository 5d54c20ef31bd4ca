//! Routes of the user's own second factor: enrolment, replacement, recovery codes, removal.

use protocol::limits;
use rexec::mfa::totp;
use serde_json::{Value, json};

use super::mfa_codes::{CODES, code, kind};
use crate::support::server::{PASSWORD, TestServer, credentials, lock_path};

#[tokio::test]
async fn the_server_generates_the_secret_and_activates_it_with_the_first_correct_code() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    ada.client.refused(401, "POST", "/api/account/mfa/enrol", json!({"password": "wrong"})).await;
    ada.client.refused(409, "POST", "/api/account/mfa/confirm", code("000000")).await;
    let other = server.log_in_again(&ada).await;
    let answer = ada.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    let secret = answer["secret"].as_str().unwrap();
    assert_eq!(data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap().len(), 20, "160 bit");
    assert!(answer["otpauth_url"].as_str().unwrap().contains(&format!("secret={secret}&issuer=Rexec")));
    assert!(answer["qr_svg"].as_str().unwrap().starts_with("<svg"));
    assert_eq!(ada.client.ok("GET", "/api/me", Value::Null).await["mfa_enabled"], false);
    *ada.secret.lock().unwrap() = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let reported = ada.client.refused(401, "POST", "/api/account/mfa/confirm", code(&server.wrong_code(&ada))).await;
    assert!(reported["detail"].as_str().unwrap().contains("Compare the key in your app"), "{reported}");
    // A second enrolment replaces the pending secret.
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
async fn a_pending_secret_expires_after_ten_minutes() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let answer = ada.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    *ada.secret.lock().unwrap() =
        data_encoding::BASE32_NOPAD.decode(answer["secret"].as_str().unwrap().as_bytes()).unwrap();
    server.clock.advance_secs(600);
    ada.client.refused(409, "POST", "/api/account/mfa/confirm", code(&server.code(&ada))).await;
}

#[tokio::test]
async fn replacing_a_factor_needs_a_code_and_keeps_the_old_one_until_the_new_one_is_confirmed() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    // A stolen session, with a known password.
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
async fn new_recovery_codes_replace_the_old_ones_and_end_other_logins() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    let (old, other) = (ada.take_recovery_code(), server.log_in_again(&ada).await);
    let answer = ada.client.ok("POST", CODES, code(&ada.take_recovery_code())).await;
    assert_eq!(answer["recovery_codes"].as_array().unwrap().len(), 10);
    other.refused(401, "GET", "/api/me", Value::Null).await;
    for (given, advice) in [(old.as_str(), "recovery code works once"), ("12345", "A code is six digits")] {
        let reported = ada.client.refused(401, "POST", CODES, code(given)).await;
        assert!(reported["detail"].as_str().unwrap().contains(advice), "{reported}");
    }
    let fresh = answer["recovery_codes"][0].as_str().unwrap();
    ada.client.ok("POST", CODES, code(fresh)).await;
}

#[tokio::test]
async fn removing_a_factor_needs_a_code_and_no_locked_terminals_and_ends_other_logins() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let right = server.code(&ada);
    assert_eq!(kind(&ada, "/api/account/mfa/disable", code(&right)).await, (409, "terminals_locked".into()));
    ada.client.ok("POST", &lock_path(id, "unlock"), code(&right)).await;
    let other = server.log_in_again(&ada).await;
    assert_eq!(kind(&ada, "/api/account/mfa/disable", code(&server.wrong_code(&ada))).await.0, 401);
    ada.client.ok("POST", "/api/account/mfa/disable", code(&server.next_code(&ada))).await;
    other.refused(401, "GET", "/api/me", Value::Null).await;
    assert_eq!(ada.client.ok("GET", "/api/me", Value::Null).await["mfa_enabled"], false);
    ada.client.refused(400, "POST", CODES, code("000000")).await;
    assert_eq!(server.anonymous().ok("POST", "/api/auth/login", credentials("ada")).await["status"], "ok");
}

#[tokio::test]
async fn secrets_are_not_stored_in_plain_text() {
    let (server, admin, ada) = TestServer::with_ada().await;
    let recovery = ada.take_recovery_code();
    ada.client.ok("POST", CODES, code(&recovery)).await;
    let audit_log = admin.client.ok("GET", "/api/admin/audit?limit=200", Value::Null).await.to_string();
    let secret = ada.secret.lock().unwrap().clone();
    let code_now = server.code(&ada);
    for hidden in [PASSWORD, &recovery, &totp::base32(&secret), &ada.client.cookie("__Host-rexec").unwrap()] {
        assert!(!audit_log.contains(hidden), "{hidden} is in the audit log");
    }
    assert!(!audit_log.contains(&format!("\"{code_now}\"")));
    let store::Db::Sqlite { writer, .. } = &server.services.db else { unreachable!() };
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await.unwrap();
    let (_, _, file): (i64, String, String) = sqlx::query_as("PRAGMA database_list").fetch_one(writer).await.unwrap();
    let stored = std::fs::read(file).unwrap();
    let holds = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"ada") && !holds(&secret) && !holds(totp::base32(&secret).as_bytes()));
    assert!(!holds(PASSWORD.as_bytes()) && !holds(ada.client.cookie("__Host-rexec").unwrap().as_bytes()));
}
