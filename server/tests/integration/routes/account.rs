//! Routes of the signed-in user's own account: password and login sessions.

use access::{Attach, Revocation};
use serde_json::{Value, json};

use crate::support::server::{PASSWORD, TestServer, credentials};

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_only() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let other = server.log_in_again(&ada).await;
    let list = other.ok("GET", "/api/account/sessions", Value::Null).await;
    let items = list["items"].as_array().unwrap();
    assert_eq!((items.len(), items.iter().filter(|s| s["current"] == true).count()), (2, 1));
    let own = items.iter().find(|s| s["current"] == true).unwrap()["id"].as_str().unwrap().to_owned();
    let first = ada.client.ok("GET", "/api/account/sessions", Value::Null).await["items"][0].clone();
    assert_eq!(first["current"], true, "the asking one comes first, however old");
    let path = format!("/api/account/sessions/{own}");
    admin.client.refused(404, "DELETE", &path, Value::Null).await;
    let terminal = server.terminal(&ada.client).await;
    let caller = server.caller(&other).await;
    let access = server.services.gate.authorize(&caller, terminal, Attach).await.unwrap();
    ada.client.ok("DELETE", &path, Value::Null).await;
    assert_eq!(access.lease().check(), Err(Revocation::LoginEnded), "its sockets end as well");
    ada.client.refused(404, "DELETE", &path, Value::Null).await;
    other.refused(401, "GET", "/api/me", Value::Null).await;
    let (one, two) = (server.log_in_again(&ada).await, server.log_in_again(&ada).await);
    ada.client.ok("POST", "/api/account/sessions/revoke-others", Value::Null).await;
    one.refused(401, "GET", "/api/me", Value::Null).await;
    two.refused(401, "GET", "/api/me", Value::Null).await;
    ada.client.ok("GET", "/api/me", Value::Null).await;
}

#[tokio::test]
async fn changing_the_password_needs_the_current_one_and_ends_other_logins() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let other = server.log_in_again(&admin).await;
    let caller = server.caller(&other).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    let path = "/api/account/password";
    admin.client.refused(401, "POST", path, change("not the password", "an entirely new one")).await;
    for bad in ["short", "password1", "root-and-branch", &"x1".repeat(65)] {
        let problem = admin.client.refused(422, "POST", path, change(PASSWORD, bad)).await;
        assert_eq!(problem["field"], "new");
    }
    let old_cookie = admin.client.clone();
    admin.client.ok("POST", path, change(PASSWORD, "an entirely new one")).await;
    assert_eq!(access.lease().check(), Err(Revocation::LoginEnded));
    other.refused(401, "GET", "/api/me", Value::Null).await;
    old_cookie.refused(401, "POST", "/api/account/sessions/revoke-others", Value::Null).await;
    old_cookie.refused(401, "GET", "/api/me", Value::Null).await;
    admin.client.ok("GET", "/api/me", Value::Null).await;
    server.anonymous().refused(401, "POST", "/api/auth/login", credentials("root")).await;
    let reported = admin.client.ok("GET", "/api/me", Value::Null).await;
    assert!(reported["notices"][0].as_str().unwrap().contains("password"), "{reported}");
    admin.client.ok("DELETE", "/api/account/notices", Value::Null).await;
    assert_eq!(admin.client.ok("GET", "/api/me", Value::Null).await["notices"], json!([]));
}
