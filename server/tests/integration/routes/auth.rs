//! Set-up, invitations, login and logout, and when a login ends.

use access::{Attach, Release, Revocation, Scope};
use protocol::Timestamp;
use rexec::accounts;
use serde_json::{Value, json};

use crate::support::{
    database,
    server::{PASSWORD, TestServer, credentials},
};

#[tokio::test]
async fn concurrent_setups_create_exactly_one_administrator() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        assert_eq!(server.anonymous().ok("GET", "/api/setup", Value::Null).await["needed"], true);
        let token = server.setup_token().await;
        let wrong = json!({"token": "x".repeat(43), "username": "eve", "password": PASSWORD});
        server.anonymous().refused(403, "POST", "/api/setup", wrong).await;
        let tries = (0..8).map(|i| {
            let (client, token) = (server.anonymous(), token.clone());
            tokio::spawn(async move {
                let body = json!({"token": token, "username": format!("admin{i}"), "password": PASSWORD});
                client.ask("POST", "/api/setup", body).await.status
            })
        });
        let mut statuses = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|s| [201, 403, 409].contains(s)), "{statuses:?}");
        assert_eq!(server.anonymous().ok("GET", "/api/setup", Value::Null).await["needed"], false);
        let late = json!({"token": token, "username": "late", "password": PASSWORD});
        server.anonymous().refused(409, "POST", "/api/setup", late).await;
    }
}

#[tokio::test]
async fn a_setup_link_expires_after_half_an_hour_and_with_the_next_start() {
    let server = TestServer::start().await;
    let first = server.setup_token().await;
    let second = server.setup_token().await;
    let body = |token: &str| json!({"token": token, "username": "root", "password": PASSWORD});
    server.anonymous().refused(403, "POST", "/api/setup", body(&first)).await;
    server.clock.advance_secs(30 * 60);
    server.anonymous().refused(403, "POST", "/api/setup", body(&second)).await;
    let third = server.setup_token().await;
    assert_eq!(server.anonymous().ask("POST", "/api/setup", body(&third)).await.status, 201);
    assert!(accounts::setup_link(&server.services).await.unwrap().is_none(), "no link once there is an administrator");
}

#[tokio::test]
async fn failed_logins_are_indistinguishable() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let bob = server.user(&admin, "bob").await;
    let id = bob.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    admin.client.ok("PATCH", &format!("/api/admin/users/{id}"), json!({"disabled": true})).await;
    let mut answers = Vec::new();
    for (name, password) in
        [(ada.name.as_str(), "not the password"), ("nobody", PASSWORD), ("Not A Name!", PASSWORD), ("bob", PASSWORD)]
    {
        let body = json!({"username": name, "password": password});
        let mut problem = server.anonymous().refused(401, "POST", "/api/auth/login", body).await;
        problem.as_object_mut().unwrap().remove("request_id");
        answers.push(problem);
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:#?}");
    let failed = server.events(&admin, "login_failed").await;
    assert_eq!(failed.len(), 4);
    let text = serde_json::to_string(&failed).unwrap();
    assert!(!text.contains("nobody") && !text.contains("Not A Name"), "what may be a password is not written down");
}

#[tokio::test]
async fn the_session_cookie_is_protected_and_new_for_each_login() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let client = server.anonymous();
    client.set_cookie("__Host-rexec", &"A".repeat(43));
    let reply = client.ask("POST", "/api/auth/login", credentials("root")).await;
    let line = reply.headers["set-cookie"].to_str().unwrap();
    for part in ["__Host-rexec=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.to_lowercase().contains("domain"));
    let fixed = client.cookie("__Host-rexec").unwrap();
    assert_ne!(fixed, "A".repeat(43), "a token the browser brought is not taken");
    client.ok("POST", "/api/auth/login", credentials("root")).await;
    assert_ne!(client.cookie("__Host-rexec").unwrap(), fixed);
    drop(admin);
}

#[tokio::test]
async fn a_login_ends_when_idle_at_its_absolute_end_and_when_the_clock_goes_back() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for _ in 0..3 {
        server.clock.advance_secs(29 * 60);
        admin.client.ok("DELETE", "/api/account/notices", Value::Null).await;
    }
    let (idle, back) = (server.log_in_again(&admin).await, server.log_in_again(&admin).await);
    server.clock.advance_secs(-60);
    back.refused(401, "GET", "/api/me", Value::Null).await;
    server.clock.advance_secs(60 + 30 * 60);
    idle.refused(401, "GET", "/api/me", Value::Null).await;
    let busy = server.log_in_again(&admin).await;
    for _ in 0..(12 * 60 / 20 - 1) {
        server.clock.advance_secs(20 * 60);
        assert_eq!(busy.ask_with("GET", "/api/me", Value::Null, &[("x-rexec-user-active", "1")]).await.status, 200);
    }
    server.clock.advance_secs(20 * 60);
    busy.refused(401, "GET", "/api/me", Value::Null).await;
}

/// FINDINGS L3.
#[tokio::test]
async fn polling_and_streams_do_not_keep_a_login_active() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (polling, visiting) = (server.log_in_again(&admin).await, server.log_in_again(&admin).await);
    let id = server.terminal(&admin.client).await;
    let stream = polling.open("/api/events").await;
    assert_eq!(stream.status(), 200);
    for _ in 0..2 {
        server.clock.advance_secs(14 * 60);
        polling.ok("GET", &format!("/api/terminals/{id}/stats"), Value::Null).await;
        assert_eq!(visiting.open("/account").await.status(), 200);
    }
    server.clock.advance_secs(3 * 60);
    polling.refused(401, "GET", "/api/me", Value::Null).await;
    visiting.ok("GET", "/api/me", Value::Null).await;
}

#[tokio::test]
async fn terminal_input_keeps_the_login_active() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let caller = server.caller(&admin.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    for _ in 0..4 {
        server.clock.advance_secs(29 * 60);
        access.lease().record_input();
        assert_eq!(access.lease().check(), Ok(()));
    }
    // What an attached client stores periodically; it extends the login.
    server
        .services
        .db
        .record_input(Some(caller.login_session().unwrap()), id, access.lease().last_input())
        .await
        .unwrap();
    server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    admin.client.ok("GET", "/api/me", Value::Null).await;
    server.clock.advance_secs(30 * 60);
    assert_eq!(access.lease().check(), Err(Revocation::LoginEnded));
    admin.client.refused(401, "GET", "/api/me", Value::Null).await;
}

#[tokio::test]
async fn logout_ends_the_login_for_every_copy_of_its_cookie_and_its_sockets() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let thief = admin.client.clone();
    let caller = server.caller(&admin.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    let socket = tokio::spawn(async move { access.lease().ended().await });
    let reply = admin.client.ask("POST", "/api/auth/logout", Value::Null).await;
    assert_eq!(reply.status, 204);
    assert_eq!(socket.await.unwrap(), Revocation::LoginEnded);
    thief.refused(401, "GET", "/api/me", Value::Null).await;
    assert!(admin.client.cookie("__Host-rexec").is_none());
    assert_eq!(server.anonymous().ask("POST", "/api/auth/logout", Value::Null).await.status, 204);
}

#[tokio::test]
async fn an_invitation_works_once_and_assigns_its_role() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let link = admin.client.ok("POST", "/api/admin/users/invite", json!({"role": "user"})).await;
    let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let seen = server.anonymous().ok("POST", "/api/invite/status", json!({"token": token})).await;
    assert_eq!((seen["role"].as_str(), seen["username"].as_str()), (Some("user"), None));
    let join = |name: &str| json!({"token": token, "username": name, "password": PASSWORD});
    let mut with_role = join("eve");
    with_role["role"] = json!("admin");
    server.anonymous().refused(400, "POST", "/api/invite", with_role).await;
    server.anonymous().refused(409, "POST", "/api/invite", join("root")).await;
    let tries = ["ada", "bob", "cyd", "dan"].map(|name| {
        let (client, body) = (server.anonymous(), join(name));
        tokio::spawn(async move { client.ask("POST", "/api/invite", body).await.status })
    });
    let mut joined = 0;
    for one in tries {
        joined += usize::from(one.await.unwrap() == 201);
    }
    assert_eq!(joined, 1, "a taken name does not use the link up, and the link makes one account");
    server.anonymous().refused(403, "POST", "/api/invite/status", json!({"token": token})).await;
}

/// L9. A fragment stays in the browser; a query would be in the logs of proxies.
#[tokio::test]
async fn tokens_of_links_are_in_the_fragment_and_are_ignored_in_a_query() {
    let server = TestServer::start().await;
    let setup = accounts::setup_link(&server.services).await.unwrap().unwrap();
    let token = setup.strip_prefix(&format!("{}/setup#token=", server.services.origins.public())).unwrap();
    let body = json!({"username": "root", "password": PASSWORD});
    server.anonymous().refused(400, "POST", &format!("/api/setup?token={token}"), body).await;
    let admin = server.admin().await;
    let link = admin.client.ok("POST", "/api/admin/users/invite", json!({"role": "user"})).await;
    let (page, token) = link["url"].as_str().unwrap().split_once("#token=").unwrap();
    assert_eq!(page, format!("{}/invite", server.services.origins.public()));
    let anonymous = server.anonymous();
    anonymous.refused(400, "POST", &format!("/api/invite/status?token={token}"), json!({})).await;
    let body = json!({"username": "ada", "password": PASSWORD});
    anonymous.refused(400, "POST", &format!("/api/invite?token={token}"), body).await;
    anonymous.refused(405, "GET", &format!("/api/invite?token={token}"), Value::Null).await;
    anonymous.ok("POST", "/api/invite/status", json!({"token": token})).await;
}

#[tokio::test]
async fn a_reset_link_sets_a_password_and_does_not_bypass_the_factor() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user_with_factor(&admin, "ada").await;
    let id = ada.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    let link = admin.client.ok("POST", &format!("/api/admin/users/{id}/reset-link"), Value::Null).await;
    let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let eve = server.anonymous();
    eve.refused(422, "POST", "/api/invite", json!({"token": token, "username": "eve", "password": PASSWORD})).await;
    let reply = eve.ask("POST", "/api/invite", json!({"token": token, "password": "another few words 8"})).await;
    assert_eq!((reply.status, eve.cookie("__Host-rexec")), (204, None));
    ada.client.refused(401, "GET", "/api/me", Value::Null).await;
    let login = json!({"username": "ada", "password": "another few words 8"});
    assert_eq!(eve.ok("POST", "/api/auth/login", login).await["status"], "mfa_required");
}

#[tokio::test]
async fn revocation_reports_leases_that_are_not_released() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let caller = server.caller(&admin.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    let release = server
        .services
        .revocations
        .revoke(
            Scope::Session(caller.login_session().unwrap()),
            Revocation::LoginEnded,
            std::time::Duration::from_millis(1),
        )
        .await;
    assert_eq!(release, Release::Pending(1));
    assert_eq!(access.lease().check(), Err(Revocation::LoginEnded));
    assert!(server.clock.now() >= Timestamp::from_millis(0));
}
