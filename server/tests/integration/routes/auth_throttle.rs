//! Throttling of password guesses: per address, per account, and per login session.

use protocol::{auth::LoginRequest, names::Sensitive};
use rexec::{
    accounts::{self, AccountError},
    auth::Visitor,
};
use serde_json::{Value, json};

use crate::support::{
    database,
    server::{PASSWORD, TestServer, credentials},
};

#[tokio::test]
async fn password_guessing_is_throttled_per_address_despite_forged_headers() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let guess = json!({"username": "root", "password": "not the password"});
    for i in 0..5 {
        let forged = format!("198.51.100.{i}");
        let headers =
            [("x-forwarded-for", forged.as_str()), ("x-real-ip", forged.as_str()), ("forwarded", "for=1.2.3.4")];
        let reply = server.anonymous().ask_with("POST", "/api/auth/login", guess.clone(), &headers).await;
        assert_eq!(reply.status, 401);
    }
    let reply = server.anonymous().ask("POST", "/api/auth/login", credentials("root")).await;
    assert_eq!((reply.status, reply.headers["retry-after"].to_str().unwrap()), (429, "30"));
    assert!(server.events(&admin, "login_failed").await.iter().all(|e| e["address"] == "127.0.0.1"));
    admin.client.ok("GET", "/api/me", Value::Null).await;
    server.clock.advance_secs(30);
    server.anonymous().ok("POST", "/api/auth/login", credentials("root")).await;
}

#[tokio::test]
async fn throttling_an_address_does_not_block_trusted_devices() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (ada, eve) = (server.user_with_factor(&admin, "ada").await, server.user(&admin, "eve").await);
    let guess = |name: String| json!({"username": name, "password": "not the password"});
    for i in 0..110 {
        server.anonymous().ask("POST", "/api/auth/login", guess(format!("nobody{i}"))).await;
    }
    for _ in 0..10 {
        server.anonymous().ask("POST", "/api/auth/login", guess("ada".into())).await;
    }
    let stranger = server.anonymous().ask("POST", "/api/auth/login", credentials("ada")).await;
    assert_eq!((stranger.status, stranger.headers["retry-after"].to_str().unwrap()), (429, "60"));
    // A signed-in user is not throttled.
    let again = json!({"password": PASSWORD, "code": server.code(&ada)});
    ada.client.ok("POST", "/api/account/mfa/enrol", again).await;
    // A trusted device may log in again, both steps.
    ada.client.ok("POST", "/api/auth/logout", Value::Null).await;
    assert_eq!(ada.client.ok("POST", "/api/auth/login", credentials("ada")).await["status"], "mfa_required");
    ada.client.ok("POST", "/api/auth/login/mfa", json!({"code": ada.take_recovery_code()})).await;
    // It is trusted for its own account only, and its guesses are throttled as well.
    eve.client.refused(429, "POST", "/api/auth/login", credentials("ada")).await;
    for _ in 0..5 {
        ada.client.refused(401, "POST", "/api/auth/login", guess("ada".into())).await;
    }
    ada.client.refused(429, "POST", "/api/auth/login", credentials("ada")).await;
    // Other users at that address wait a minute, not an hour.
    server.clock.advance_secs(60);
    server.anonymous().ok("POST", "/api/auth/login", credentials("eve")).await;
}

#[tokio::test]
async fn password_guessing_in_a_session_is_throttled_without_blocking_the_user() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let thief = ada.client.clone();
    let own = server.log_in_again(&ada).await;
    for _ in 0..5 {
        thief.refused(401, "POST", "/api/account/mfa/enrol", json!({"password": "not the password"})).await;
    }
    thief.refused(429, "POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    own.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
}

#[tokio::test]
async fn a_guess_counts_after_its_caller_disconnects() {
    let server = TestServer::start().await;
    let _admin = server.admin().await;
    let guess = LoginRequest { username: "root".into(), password: Sensitive::new("not the password") };
    let visitor = Visitor {
        address: [127, 0, 0, 1].into(),
        user_agent: String::new(),
        trusted_device: None,
        request_id: "r".into(),
    };
    for _ in 0..5 {
        let trying = accounts::log_in(&server.services, visitor.clone(), guess.clone());
        tokio::pin!(trying);
        assert!(futures_util::poll!(&mut trying).is_pending());
    }
    let login = accounts::log_in(&server.services, visitor, guess).await;
    assert!(matches!(login, Err(AccountError::Throttled(30))), "{login:?}");
}

#[tokio::test]
async fn concurrent_guesses_beyond_the_limit_are_not_verified() {
    let server = TestServer::start().await;
    let _admin = server.admin().await;
    let tries = (0..100).map(|_| {
        let client = server.anonymous();
        let guess = json!({"username": "root", "password": "not the password"});
        tokio::spawn(async move { client.ask("POST", "/api/auth/login", guess).await.status })
    });
    let mut verified = 0;
    for one in tries.collect::<Vec<_>>() {
        verified += usize::from(one.await.unwrap() == 401);
    }
    assert_eq!(verified, 5);
}

#[tokio::test]
async fn a_trusted_proxy_determines_the_client_address() {
    let db = database::sqlite().await;
    let server = TestServer::with(db, |c| c.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let admin = server.admin().await;
    let headers = [("x-forwarded-for", "198.51.100.7, 203.0.113.9")];
    let guess = json!({"username": "root", "password": "not the password"});
    server.anonymous().ask_with("POST", "/api/auth/login", guess, &headers).await;
    assert_eq!(server.events(&admin, "login_failed").await[0]["address"], "203.0.113.9");
}

/// FINDINGS A9: a thousand wrong passwords at once cost the address a wait of a minute, not of hours.
#[tokio::test]
async fn a_thousand_attempts_at_once_make_an_address_wait_at_most_a_minute() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    server.user(&admin, "eve").await;
    let visitor = Visitor {
        address: [127, 0, 0, 1].into(),
        user_agent: String::new(),
        trusted_device: None,
        request_id: "r".into(),
    };
    let tries = (0..1000).map(|i| {
        let (services, visitor) = (server.services.clone(), visitor.clone());
        let guess = LoginRequest { username: format!("nobody{i}"), password: Sensitive::new("not the password") };
        tokio::spawn(async move { accounts::log_in(&services, visitor, guess).await })
    });
    let mut verified = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Err(AccountError::WrongCredentials) => verified += 1,
            Err(AccountError::Throttled(secs)) => assert!(secs <= 60, "{secs}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(verified, 100);
    server.anonymous().refused(429, "POST", "/api/auth/login", credentials("eve")).await;
    server.clock.advance_secs(60);
    server.anonymous().ok("POST", "/api/auth/login", credentials("eve")).await;
}

/// FINDINGS A6: attempts beyond the limit read and write nothing.
#[tokio::test]
async fn wrong_links_are_throttled_by_address_before_anything_is_written() {
    let server = TestServer::start().await;
    let token = server.setup_token().await;
    let wrong = json!({"token": "wrong", "username": "root", "password": PASSWORD});
    for _ in 0..10 {
        server.anonymous().refused(403, "POST", "/api/setup", wrong.clone()).await;
    }
    let right = json!({"token": token, "username": "root", "password": PASSWORD});
    let reply = server.anonymous().ask("POST", "/api/setup", right.clone()).await;
    assert_eq!((reply.status, reply.headers["retry-after"].to_str().unwrap(), reply.kind()), (429, "6", "throttled"));
    let before = server.services.db.read().await.unwrap().audit_head().await.unwrap().seq;
    for _ in 0..50 {
        server.anonymous().refused(429, "POST", "/api/setup", right.clone()).await;
        let wrong = json!({"token": "wrong", "username": "root", "password": PASSWORD});
        server.anonymous().refused(429, "POST", "/api/invite", wrong).await;
        server.anonymous().refused(429, "POST", "/api/invite/status", json!({"token": "wrong"})).await;
    }
    assert_eq!(server.services.db.read().await.unwrap().audit_head().await.unwrap().seq, before);
    server.clock.advance_secs(6);
    server.anonymous().ok("POST", "/api/setup", right).await;
}
