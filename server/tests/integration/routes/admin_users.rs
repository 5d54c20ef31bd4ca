//! Administration of users: roles, disabled accounts, quotas, resets of password and factor.

use access::{Attach, Revocation};
use protocol::{ProblemKind, auth::Role};
use serde_json::{Value, json};

use super::attach::attach;
use crate::support::{
    database,
    server::{Client, TestServer, credentials, lock_path},
};

fn code(code: &str) -> Value {
    json!({ "code": code })
}

/// Including a login created while the account was being disabled.
#[tokio::test]
async fn a_disabled_account_cannot_use_a_login() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let caller = server.caller(&ada.client).await;
    for disabled in [true, false] {
        let mut tx = server.services.db.begin().await.unwrap();
        tx.set_user(caller.user, Role::User, disabled, None).await.unwrap();
        tx.commit().await.unwrap();
        let status = ada.client.ask("GET", "/api/me", Value::Null).await.status;
        assert_eq!(status, if disabled { 401 } else { 200 });
    }
}

#[tokio::test]
async fn role_changes_and_disabling_take_effect_immediately() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let id = server.terminal(&ada.client).await;
    let me = ada.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/users/{me}");
    let sign_in = async || ada.client.ok("POST", "/api/auth/login", credentials("ada")).await;
    ada.client.refused(403, "GET", "/api/admin/users", Value::Null).await;
    ada.client.refused(403, "PATCH", &path, json!({"role": "admin"})).await;
    admin.client.ok("PATCH", &path, json!({"role": "admin"})).await;
    sign_in().await;
    ada.client.ok("GET", "/api/admin/users", Value::Null).await;
    admin.client.ok("PATCH", &path, json!({"role": "user"})).await;
    let status = ada.client.ask("GET", "/api/admin/users", Value::Null).await.status;
    assert!([401, 403].contains(&status), "{status}");
    sign_in().await;
    ada.client.refused(403, "GET", "/api/admin/users", Value::Null).await;
    let mut socket = attach(&server, &ada.client, id).await.unwrap();
    admin.client.ok("PATCH", &path, json!({"disabled": true})).await;
    assert_eq!(socket.closed().await, 4401);
    ada.client.refused(401, "GET", "/api/me", Value::Null).await;
    server.anonymous().refused(401, "POST", "/api/auth/login", credentials("ada")).await;
    admin.client.ok("PATCH", &path, json!({"disabled": false})).await;
    sign_in().await;
}

#[tokio::test]
async fn role_removal_takes_effect_immediately_and_one_administrator_remains() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let second = server.invited(&admin, "second", Role::Admin).await;
        let id_of =
            async |client: &Client| client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
        let (one, two) = (id_of(&admin.client).await, id_of(&second.client).await);
        let demote = json!({"role": "user"});
        // Both demote each other concurrently.
        let (path_one, path_two) = (format!("/api/admin/users/{one}"), format!("/api/admin/users/{two}"));
        let (a, b) = tokio::join!(
            admin.client.ask("PATCH", &path_two, demote.clone()),
            second.client.ask("PATCH", &path_one, demote.clone())
        );
        let won = [a.status, b.status];
        assert_eq!(won.iter().filter(|s| **s == 200).count(), 1, "{won:?}");
        let (winner, loser) = if won[0] == 200 { (&admin, &second) } else { (&second, &admin) };
        loser.client.refused(401, "GET", "/api/admin/users", Value::Null).await;
        let own = id_of(&winner.client).await;
        winner.client.refused(409, "PATCH", &format!("/api/admin/users/{own}"), demote.clone()).await;
        winner.client.refused(409, "PATCH", &format!("/api/admin/users/{own}"), json!({"disabled": true})).await;
    }
}

/// An absent field keeps the quota; `null` resets it to the organisation's.
#[tokio::test]
async fn a_user_quota_can_be_set_and_reset() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let id = ada.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/users/{id}");
    for (patch, quota) in [
        (json!({"terminals_max": 0}), json!(0)),
        (json!({"role": "user"}), json!(0)),
        (json!({"terminals_max": null}), Value::Null),
        (json!({}), Value::Null),
    ] {
        let user = admin.client.ok("PATCH", &path, patch.clone()).await;
        assert_eq!(user["terminals_max"], quota, "{patch}");
        let made = ada.client.ask("POST", "/api/terminals", json!({"image": "debian"})).await.status;
        assert_eq!(made, if quota.is_null() { 201 } else { 409 }, "{patch}");
    }
    assert_eq!(
        admin.client.refused(422, "PATCH", &path, json!({"terminals_max": 101})).await["field"],
        "terminals_max"
    );
}

#[tokio::test]
async fn resetting_a_factor_opens_no_locked_terminal() {
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
    let reported = ada.client.ok("GET", "/api/me", Value::Null).await;
    assert!(reported["notices"].to_string().contains("reset your MFA"), "{reported}");
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    ada.client.refused(400, "POST", &lock_path(id, "verify"), code("000000")).await;
    server.enrol(&ada).await;
    assert_eq!(server.admitted(&ada.client, id).await, Err(ProblemKind::Locked));
    ada.client.ok("POST", &lock_path(id, "verify"), code(&server.code(&ada))).await;
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
}

#[tokio::test]
async fn an_administrator_cannot_take_over_a_locked_terminal_by_resetting_password_and_factor() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let (ada, bob) = (server.user_with_factor(&admin, "ada").await, server.user_with_factor(&admin, "bob").await);
        let mut ids = Vec::new();
        for user in [&ada, &bob] {
            let id = server.terminal(&user.client).await;
            user.lock(id).await;
            let me = user.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
            ids.push((id, format!("/api/admin/users/{me}")));
        }
        let token_of = |link: &Value| link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
        let choose = |token: &str| json!({"token": token, "password": "what the administrator chose"});

        // The password first, the factor second.
        let link = admin.client.ok("POST", &format!("{}/reset-link", ids[0].1), Value::Null).await;
        server.anonymous().ok("POST", "/api/invite", choose(&token_of(&link))).await;
        let problem = admin.client.refused(409, "POST", &format!("{}/reset-mfa", ids[0].1), Value::Null).await;
        assert_eq!(problem["type"], "terminals_locked");

        // The factor first, the password second; also by a link that was made before.
        let early = admin.client.ok("POST", &format!("{}/reset-link", ids[1].1), Value::Null).await;
        admin.client.ok("POST", &format!("{}/reset-mfa", ids[1].1), Value::Null).await;
        admin.client.refused(409, "POST", &format!("{}/reset-link", ids[1].1), Value::Null).await;
        server.anonymous().refused(409, "POST", "/api/invite", choose(&token_of(&early))).await;

        // Bob still knows his password and signs in.
        bob.client.ok("POST", "/api/auth/login", credentials("bob")).await;
        server.enrol(&bob).await;
        bob.client.ok("POST", &lock_path(ids[1].0, "unlock"), code(&server.code(&bob))).await;

        // Administrators cannot reset their own factor without a code.
        let own = admin.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
        server.enrol(&admin).await;
        admin.client.refused(409, "POST", &format!("/api/admin/users/{own}/reset-mfa"), Value::Null).await;
    }
}
