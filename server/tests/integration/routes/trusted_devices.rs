//! Trusted devices: their own counters of wrong codes, and what ends the trust. FINDINGS L6.

use protocol::names::Username;
use rexec::auth::trusted_device;
use serde_json::{Value, json};

use super::mfa_codes::{CODES, code};
use crate::support::{
    database,
    server::{Client, PASSWORD, TestServer, User, credentials, lock_path},
};

const COOKIE: &str = "__Host-rexec-known";
const SECOND_STEP: &str = "/api/auth/login/mfa";

/// The longest wait of an attempt, in seconds.
const WAIT_MAX: i64 = 3600;

/// A client without cookies that entered Ada's password.
async fn thief(server: &TestServer) -> Client {
    let thief = server.anonymous();
    thief.ok("POST", "/api/auth/login", credentials("ada")).await;
    thief
}

/// Enters wrong codes after the password until the wait is the longest.
async fn guess_up_to_the_longest_wait(server: &TestServer, ada: &User) {
    loop {
        let client = thief(server).await;
        let reply = client.ask("POST", SECOND_STEP, code(&server.wrong_code(ada))).await;
        match (reply.status, reply.body["retry_after"].as_i64()) {
            (401, _) => {}
            (429, Some(WAIT_MAX)) => return,
            (429, Some(wait)) => server.clock.advance_secs(wait),
            other => panic!("{other:?}"),
        }
    }
}

/// Whether the device in this client's cookie jar is trusted by the account of this name.
async fn is_trusted(server: &TestServer, client: &Client, name: &str) -> bool {
    let name = Username::parse(name).unwrap();
    let Some(cookie) = client.cookie(COOKIE) else { return false };
    let device = trusted_device::device(&server.services.keys, &cookie, &name).expect("sealed by this server");
    let mut tx = server.services.db.read().await.unwrap();
    let user = tx.user_by_name(&name).await.unwrap().unwrap().id;
    let since = trusted_device::valid_since(server.clock.now());
    tx.trusted_device(user, &device, since).await.unwrap().is_some()
}

async fn log_in(server: &TestServer, client: &Client, ada: &User) {
    client.ok("POST", "/api/auth/login", credentials("ada")).await;
    client.ok("POST", SECOND_STEP, code(&server.code(ada))).await;
}

#[tokio::test]
async fn l6_wrong_codes_of_others_do_not_make_a_trusted_device_wait() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        ada.client.ok("POST", "/api/auth/logout", Value::Null).await;
        guess_up_to_the_longest_wait(&server, &ada).await;
        log_in(&server, &ada.client, &ada).await;
        let problem = thief(&server).await.refused(429, "POST", SECOND_STEP, code(&server.next_code(&ada))).await;
        assert!(problem["retry_after"].as_i64().unwrap() > WAIT_MAX - 60, "the login does not shorten their wait");

        // Nor does the end of six-digit codes for all others stop the device, at login and afterwards.
        let mut tx = server.services.db.begin().await.unwrap();
        let user = tx.user_by_name(&Username::parse("ada").unwrap()).await.unwrap().unwrap().id;
        let until = server.clock.now().plus_secs(WAIT_MAX);
        tx.set_failures(user, 100, until, until, true).await.unwrap();
        tx.commit().await.unwrap();
        ada.client.ok("POST", "/api/auth/logout", Value::Null).await;
        server.clock.advance_secs(30);
        log_in(&server, &ada.client, &ada).await;
        let id = server.terminal(&ada.client).await;
        ada.lock(id).await;
        ada.client.ok("POST", &lock_path(id, "verify"), code(&server.next_code(&ada))).await;
        thief(&server).await.refused(429, "POST", SECOND_STEP, code(&server.next_code(&ada))).await;
    }
}

#[tokio::test]
async fn l6_wrong_codes_from_a_trusted_device_make_only_that_device_wait() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let other = server.log_in_again(&ada).await;
        for _ in 0..5 {
            ada.client.refused(401, "POST", CODES, code(&server.wrong_code(&ada))).await;
        }
        for (client, path) in [(&ada.client, CODES), (&ada.client.clone(), CODES)] {
            let problem = client.refused(429, "POST", path, code(&server.code(&ada))).await;
            assert_eq!(problem["retry_after"], 30);
        }
        // A copied device cookie has the same counter, and it opens nothing.
        let copy = server.anonymous();
        copy.set_cookie(COOKIE, &ada.client.cookie(COOKIE).unwrap());
        copy.ok("POST", "/api/auth/login", credentials("ada")).await;
        copy.refused(429, "POST", SECOND_STEP, code(&server.code(&ada))).await;
        other.ok("POST", CODES, code(&server.code(&ada))).await;
        let stranger = thief(&server).await;
        stranger.refused(401, "POST", SECOND_STEP, code(&server.wrong_code(&ada))).await;
        stranger.ok("POST", SECOND_STEP, code(&server.next_code(&ada))).await;
    }
}

#[tokio::test]
async fn l6_a_device_with_a_hundred_failures_is_not_trusted() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    let device = {
        let name = Username::parse("ada").unwrap();
        trusted_device::device(&server.services.keys, &ada.client.cookie(COOKIE).unwrap(), &name).unwrap()
    };
    let mut tx = server.services.db.begin().await.unwrap();
    let user = tx.user_by_name(&Username::parse("ada").unwrap()).await.unwrap().unwrap().id;
    tx.set_device_failures(user, &device, 99, server.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_trusted(&server, &ada.client, "ada").await);
    ada.client.refused(401, "POST", CODES, code(&server.wrong_code(&ada))).await;
    assert!(!is_trusted(&server, &ada.client, "ada").await);
    // Its attempts are those of any client from now on.
    ada.client.ok("POST", CODES, code(&server.code(&ada))).await;
}

#[tokio::test]
async fn l6_a_stolen_device_cookie_alone_gives_nothing() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let thief = server.anonymous();
    thief.set_cookie(COOKIE, &ada.client.cookie(COOKIE).unwrap());
    for path in ["/api/me".to_owned(), "/api/terminals".to_owned(), format!("/api/terminals/{id}")] {
        thief.refused(401, "GET", &path, Value::Null).await;
    }
    thief.refused(401, "POST", SECOND_STEP, code(&server.code(&ada))).await;
    let guess = json!({"username": "ada", "password": "not the password"});
    for _ in 0..5 {
        thief.refused(401, "POST", "/api/auth/login", guess.clone()).await;
    }
    thief.refused(429, "POST", "/api/auth/login", credentials("ada")).await;
    server.clock.advance_secs(30);
    assert_eq!(thief.ok("POST", "/api/auth/login", credentials("ada")).await["status"], "mfa_required");
    thief.refused(401, "GET", "/api/me", Value::Null).await;
    let set = ada.client.ok("GET", "/api/account/sessions", Value::Null).await.to_string();
    assert!(!set.contains(&ada.client.cookie(COOKIE).unwrap()));
}

#[tokio::test]
async fn l6_resets_and_administrators_end_the_trust_in_every_device() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        let own = server.log_in_again(&ada).await;
        // Changes by the user keep the device they are made from.
        own.ok("POST", "/api/account/sessions/revoke-others", Value::Null).await;
        assert!(is_trusted(&server, &own, "ada").await && !is_trusted(&server, &ada.client, "ada").await);
        let id = own.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
        let user = format!("/api/admin/users/{id}");

        // The factor.
        admin.client.ok("POST", &format!("{user}/reset-mfa"), Value::Null).await;
        assert!(!is_trusted(&server, &own, "ada").await, "after a reset of the factor");
        own.ok("POST", "/api/auth/login", credentials("ada")).await;
        assert!(is_trusted(&server, &own, "ada").await);
        // The account.
        for disabled in [true, false] {
            admin.client.ok("PATCH", &user, json!({ "disabled": disabled })).await;
        }
        assert!(!is_trusted(&server, &own, "ada").await, "after a disabled account");
        own.ok("POST", "/api/auth/login", credentials("ada")).await;
        // The password.
        let link = admin.client.ok("POST", &format!("{user}/reset-link"), Value::Null).await;
        let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
        server.anonymous().ok("POST", "/api/invite", json!({"token": token, "password": PASSWORD})).await;
        assert!(!is_trusted(&server, &own, "ada").await, "after a reset of the password");
    }
}

#[tokio::test]
async fn l6_an_account_trusts_ten_devices_for_half_a_year_after_their_last_login() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let ada = server.user(&admin, "ada").await;
        let mut devices = Vec::new();
        for _ in 0..10 {
            server.clock.advance_secs(1);
            devices.push(server.log_in_again(&ada).await);
        }
        assert!(!is_trusted(&server, &ada.client, "ada").await, "the oldest is replaced");
        // The same browser is one device, and keeps its place.
        let first = devices[0].cookie(COOKIE);
        server.clock.advance_secs(1);
        devices[0].ok("POST", "/api/auth/login", credentials("ada")).await;
        assert_eq!(devices[0].cookie(COOKIE), first);
        server.clock.advance_secs(1);
        devices.push(server.log_in_again(&ada).await);
        let mut trusted = Vec::new();
        for device in &devices {
            trusted.push(is_trusted(&server, device, "ada").await);
        }
        assert_eq!(trusted.iter().filter(|trusted| **trusted).count(), 10);
        assert!(!trusted[1] && trusted[0] && trusted[10], "{trusted:?}");
        server.clock.advance_secs(i64::from(trusted_device::TRUSTED_DEVICE_SECS) + 1);
        assert!(!is_trusted(&server, &devices[10], "ada").await);
    }
}
