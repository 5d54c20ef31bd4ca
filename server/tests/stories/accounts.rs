//! Set-up, joining, signing in, login sessions: what people do and what outsiders try.

use access::{Attach, Release, Revocation, Scope};
use protocol::{
    Timestamp,
    auth::{LoginRequest, Role},
    names::Sensitive,
};
use rexec::{
    accounts::{self, AccountError},
    auth::Visitor,
};
use serde_json::{Value, json};

use crate::{
    database,
    server::{PASSWORD, TestServer, credentials},
};

#[tokio::test]
async fn parallel_set_ups_make_exactly_one_administrator() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        assert_eq!(server.visitor().ok("GET", "/api/setup", Value::Null).await["needed"], true);
        let token = server.setup_token().await;
        let wrong = json!({"token": "x".repeat(43), "username": "eve", "password": PASSWORD});
        server.visitor().refused(403, "POST", "/api/setup", wrong).await;
        let tries = (0..8).map(|i| {
            let (client, token) = (server.visitor(), token.clone());
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
        assert_eq!(server.visitor().ok("GET", "/api/setup", Value::Null).await["needed"], false);
        let late = json!({"token": token, "username": "late", "password": PASSWORD});
        server.visitor().refused(409, "POST", "/api/setup", late).await;
    }
}

#[tokio::test]
async fn a_set_up_link_dies_after_half_an_hour_and_with_the_next_start() {
    let server = TestServer::start().await;
    let first = server.setup_token().await;
    let second = server.setup_token().await;
    let body = |token: &str| json!({"token": token, "username": "root", "password": PASSWORD});
    server.visitor().refused(403, "POST", "/api/setup", body(&first)).await;
    server.clock.advance_secs(30 * 60);
    server.visitor().refused(403, "POST", "/api/setup", body(&second)).await;
    let third = server.setup_token().await;
    assert_eq!(server.visitor().ask("POST", "/api/setup", body(&third)).await.status, 201);
}

#[tokio::test]
async fn unknown_names_wrong_passwords_and_disabled_accounts_are_answered_alike() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    let bob = server.person(&admin, "bob").await;
    let id = bob.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    admin.client.ok("PATCH", &format!("/api/admin/users/{id}"), json!({"disabled": true})).await;
    let mut answers = Vec::new();
    for (name, password) in
        [(ada.name.as_str(), "not the password"), ("nobody", PASSWORD), ("Not A Name!", PASSWORD), ("bob", PASSWORD)]
    {
        let body = json!({"username": name, "password": password});
        let mut problem = server.visitor().refused(401, "POST", "/api/auth/login", body).await;
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
async fn the_login_cookie_is_out_of_reach_and_new_each_time() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let client = server.visitor();
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
async fn guessing_passwords_is_slowed_down_per_address_and_a_forged_address_changes_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let guess = json!({"username": "root", "password": "not the password"});
    for i in 0..5 {
        let forged = format!("198.51.100.{i}");
        let headers =
            [("x-forwarded-for", forged.as_str()), ("x-real-ip", forged.as_str()), ("forwarded", "for=1.2.3.4")];
        let reply = server.visitor().ask_with("POST", "/api/auth/login", guess.clone(), &headers).await;
        assert_eq!(reply.status, 401);
    }
    let reply = server.visitor().ask("POST", "/api/auth/login", credentials("root")).await;
    assert_eq!((reply.status, reply.headers["retry-after"].to_str().unwrap()), (429, "30"));
    assert!(server.events(&admin, "login_failed").await.iter().all(|e| e["address"] == "127.0.0.1"));
    admin.client.ok("GET", "/api/me", Value::Null).await;
    server.clock.advance_secs(30);
    server.visitor().ok("POST", "/api/auth/login", credentials("root")).await;
}

#[tokio::test]
async fn an_outsider_at_the_same_address_keeps_nobody_out_of_a_known_device() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (ada, eve) = (server.guarded(&admin, "ada").await, server.person(&admin, "eve").await);
    let guess = |name: String| json!({"username": name, "password": "not the password"});
    for i in 0..110 {
        server.visitor().ask("POST", "/api/auth/login", guess(format!("nobody{i}"))).await;
    }
    for _ in 0..10 {
        server.visitor().ask("POST", "/api/auth/login", guess("ada".into())).await;
    }
    let stranger = server.visitor().ask("POST", "/api/auth/login", credentials("ada")).await;
    assert_eq!((stranger.status, stranger.headers["retry-after"].to_str().unwrap()), (429, "60"));
    // Who is signed in goes on, and is believed their password.
    let again = json!({"password": PASSWORD, "code": server.code(&ada)});
    ada.client.ok("POST", "/api/account/mfa/enrol", again).await;
    // Who was signed in here before gets in again, to both steps.
    ada.client.ok("POST", "/api/auth/logout", Value::Null).await;
    assert_eq!(ada.client.ok("POST", "/api/auth/login", credentials("ada")).await["status"], "mfa_required");
    ada.client.ok("POST", "/api/auth/login/mfa", json!({"code": ada.take_recovery_code()})).await;
    // That helps with nobody else's name, and guesses there are slowed down like any others.
    eve.client.refused(429, "POST", "/api/auth/login", credentials("ada")).await;
    for _ in 0..5 {
        ada.client.refused(401, "POST", "/api/auth/login", guess("ada".into())).await;
    }
    ada.client.refused(429, "POST", "/api/auth/login", credentials("ada")).await;
    // Strangers at that address wait a minute, not an hour.
    server.clock.advance_secs(60);
    server.visitor().ok("POST", "/api/auth/login", credentials("eve")).await;
}

#[tokio::test]
async fn guessing_with_a_stolen_session_is_slowed_down_and_keeps_the_person_out_of_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    let thief = ada.client.clone();
    let own = server.elsewhere(&ada).await;
    for _ in 0..5 {
        thief.refused(401, "POST", "/api/account/mfa/enrol", json!({"password": "not the password"})).await;
    }
    thief.refused(429, "POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
    own.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
}

#[tokio::test]
async fn a_guess_counts_also_when_the_guesser_hangs_up() {
    let server = TestServer::start().await;
    let _admin = server.admin().await;
    let guess = LoginRequest { username: "root".into(), password: Sensitive::new("not the password") };
    let visitor =
        Visitor { address: [127, 0, 0, 1].into(), device: String::new(), known: None, request_id: "r".into() };
    for _ in 0..5 {
        let trying = accounts::log_in(&server.services, visitor.clone(), guess.clone());
        tokio::pin!(trying);
        assert!(futures_util::poll!(&mut trying).is_pending());
    }
    let login = accounts::log_in(&server.services, visitor, guess).await;
    assert!(matches!(login, Err(AccountError::Throttled(30))), "{login:?}");
}

#[tokio::test]
async fn a_hundred_guesses_at_once_are_not_all_looked_at() {
    let server = TestServer::start().await;
    let _admin = server.admin().await;
    let tries = (0..100).map(|_| {
        let client = server.visitor();
        let guess = json!({"username": "root", "password": "not the password"});
        tokio::spawn(async move { client.ask("POST", "/api/auth/login", guess).await.status })
    });
    let mut looked_at = 0;
    for one in tries.collect::<Vec<_>>() {
        looked_at += usize::from(one.await.unwrap() == 401);
    }
    assert_eq!(looked_at, 5);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_address_is_the_clients() {
    let db = database::sqlite().await;
    let server = TestServer::with(db, |c| c.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let admin = server.admin().await;
    let headers = [("x-forwarded-for", "198.51.100.7, 203.0.113.9")];
    let guess = json!({"username": "root", "password": "not the password"});
    server.visitor().ask_with("POST", "/api/auth/login", guess, &headers).await;
    assert_eq!(server.events(&admin, "login_failed").await[0]["address"], "203.0.113.9");
}

#[tokio::test]
async fn a_login_ends_by_idleness_by_its_absolute_end_and_when_the_clock_goes_back() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for _ in 0..3 {
        server.clock.advance_secs(29 * 60);
        admin.client.ok("GET", "/api/me", Value::Null).await;
    }
    let (idle, back) = (server.elsewhere(&admin).await, server.elsewhere(&admin).await);
    server.clock.advance_secs(-60);
    back.refused(401, "GET", "/api/me", Value::Null).await;
    server.clock.advance_secs(60 + 30 * 60);
    idle.refused(401, "GET", "/api/me", Value::Null).await;
    let busy = server.elsewhere(&admin).await;
    for _ in 0..(12 * 60 / 20 - 1) {
        server.clock.advance_secs(20 * 60);
        busy.ok("GET", "/api/me", Value::Null).await;
    }
    server.clock.advance_secs(20 * 60);
    busy.refused(401, "GET", "/api/me", Value::Null).await;
}

#[tokio::test]
async fn somebody_who_types_is_there_even_without_a_request() {
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
    // What a viewer writes down now and then; the login lives by it, and the next socket is let in.
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
async fn signing_out_ends_the_login_for_every_copy_of_its_cookie_and_cuts_its_sockets() {
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
    assert_eq!(server.visitor().ask("POST", "/api/auth/logout", Value::Null).await.status, 204);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    let other = server.elsewhere(&ada).await;
    let list = other.ok("GET", "/api/account/sessions", Value::Null).await;
    let items = list["items"].as_array().unwrap();
    assert_eq!((items.len(), items.iter().filter(|s| s["current"] == true).count()), (2, 1));
    let own = items.iter().find(|s| s["current"] == true).unwrap()["id"].as_str().unwrap().to_owned();
    let first = ada.client.ok("GET", "/api/account/sessions", Value::Null).await["items"][0].clone();
    assert_eq!(first["current"], true, "the asking one comes first, however old");
    let path = format!("/api/account/sessions/{own}");
    admin.client.refused(404, "DELETE", &path, Value::Null).await;
    ada.client.ok("DELETE", &path, Value::Null).await;
    ada.client.refused(404, "DELETE", &path, Value::Null).await;
    other.refused(401, "GET", "/api/me", Value::Null).await;
    let (one, two) = (server.elsewhere(&ada).await, server.elsewhere(&ada).await);
    ada.client.ok("POST", "/api/account/sessions/revoke-others", Value::Null).await;
    one.refused(401, "GET", "/api/me", Value::Null).await;
    two.refused(401, "GET", "/api/me", Value::Null).await;
    ada.client.ok("GET", "/api/me", Value::Null).await;
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_every_other_login_with_its_sockets() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let other = server.elsewhere(&admin).await;
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
    server.visitor().refused(401, "POST", "/api/auth/login", credentials("root")).await;
    let told = admin.client.ok("GET", "/api/me", Value::Null).await;
    assert!(told["notices"][0].as_str().unwrap().contains("password"), "{told}");
    admin.client.ok("DELETE", "/api/account/notices", Value::Null).await;
    assert_eq!(admin.client.ok("GET", "/api/me", Value::Null).await["notices"], json!([]));
}

#[tokio::test]
async fn an_invitation_works_once_and_gives_the_role_it_was_made_for() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let link = admin.client.ok("POST", "/api/admin/users/invite", json!({"role": "user"})).await;
    let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let seen = server.visitor().ok("GET", &format!("/api/invite?token={token}"), Value::Null).await;
    assert_eq!((seen["role"].as_str(), seen["username"].as_str()), (Some("user"), None));
    let join = |name: &str| json!({"token": token, "username": name, "password": PASSWORD});
    let mut greedy = join("eve");
    greedy["role"] = json!("admin");
    server.visitor().refused(400, "POST", "/api/invite", greedy).await;
    server.visitor().refused(409, "POST", "/api/invite", join("root")).await;
    let tries = ["ada", "bob", "cyd", "dan"].map(|name| {
        let (client, body) = (server.visitor(), join(name));
        tokio::spawn(async move { client.ask("POST", "/api/invite", body).await.status })
    });
    let mut joined = 0;
    for one in tries {
        joined += usize::from(one.await.unwrap() == 201);
    }
    assert_eq!(joined, 1, "a taken name does not use the link up, and the link makes one account");
    server.visitor().refused(403, "GET", &format!("/api/invite?token={token}"), Value::Null).await;
}

#[tokio::test]
async fn a_reset_link_sets_a_password_and_never_stands_in_for_a_factor() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.guarded(&admin, "ada").await;
    let id = ada.client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned();
    let link = admin.client.ok("POST", &format!("/api/admin/users/{id}/reset-link"), Value::Null).await;
    let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let eve = server.visitor();
    eve.refused(422, "POST", "/api/invite", json!({"token": token, "username": "eve", "password": PASSWORD})).await;
    let reply = eve.ask("POST", "/api/invite", json!({"token": token, "password": "another few words 8"})).await;
    assert_eq!((reply.status, eve.cookie("__Host-rexec")), (204, None));
    ada.client.refused(401, "GET", "/api/me", Value::Null).await;
    let login = json!({"username": "ada", "password": "another few words 8"});
    assert_eq!(eve.ok("POST", "/api/auth/login", login).await["status"], "mfa_required");
}

/// Also a login that slipped in while the account was being disabled, and was not ended with the others.
#[tokio::test]
async fn a_disabled_account_has_no_login() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
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
async fn a_role_that_is_taken_away_is_gone_at_once_and_one_administrator_stays() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        let second = server.invited(&admin, "second", Role::Admin).await;
        let id_of = async |client: &crate::server::Client| {
            client.ok("GET", "/api/me", Value::Null).await["id"].as_str().unwrap().to_owned()
        };
        let (one, two) = (id_of(&admin.client).await, id_of(&second.client).await);
        let demote = json!({"role": "user"});
        // Both try to take the other's role at the same instant.
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

#[tokio::test]
async fn fields_that_nobody_may_choose_are_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    for (method, path, body) in [
        ("POST", "/api/auth/login", json!({"username": "ada", "password": PASSWORD, "role": "admin"})),
        ("POST", "/api/account/password", json!({"current": PASSWORD, "new": "x y z 1 2 3", "user_id": "1"})),
        ("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD, "secret": "JBSWY3DPEHPK3PXP"})),
        ("POST", "/api/terminals", json!({"image": "debian", "owner_id": "1"})),
        ("POST", "/api/terminals", json!({"image": "debian", "mfa_locked": false})),
    ] {
        ada.client.refused(400, method, path, body).await;
    }
}

#[tokio::test]
async fn an_account_without_a_factor_may_only_enrol_where_the_organisation_asks_for_one() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person(&admin, "ada").await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    settings["mfa_required"] = json!(true);
    admin.client.ok("PUT", "/api/admin/settings", settings.clone()).await;
    for (method, path) in [("GET", "/api/terminals"), ("GET", "/api/account/sessions"), ("GET", "/api/account/audit")] {
        let problem = ada.client.refused(400, method, path, Value::Null).await;
        assert_eq!(problem["type"], "mfa_required");
    }
    assert_eq!(ada.client.ok("GET", "/api/me", Value::Null).await["mfa_must_enrol"], true);
    server.enrol(&ada).await;
    ada.client.ok("GET", "/api/terminals", Value::Null).await;
    let code = server.code(&ada);
    ada.client.refused(409, "POST", "/api/account/mfa/disable", json!({ "code": code })).await;
}

#[tokio::test]
async fn what_is_cut_waits_for_its_sockets_and_says_when_they_linger() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let caller = server.caller(&admin.client).await;
    let access = server.services.gate.authorize(&caller, id, Attach).await.unwrap();
    let cut = server
        .services
        .revocations
        .revoke(
            Scope::Session(caller.login_session().unwrap()),
            Revocation::LoginEnded,
            std::time::Duration::from_millis(1),
        )
        .await;
    assert_eq!(cut, Release::Pending(1));
    assert_eq!(access.lease().check(), Err(Revocation::LoginEnded));
    assert!(server.clock.now() >= Timestamp::from_millis(0));
}
