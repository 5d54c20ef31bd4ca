//! The attach route of the whole server: refusals and their order, and what ends a socket.

use protocol::{ProblemKind, TerminalId, frame::SUBPROTOCOL};
use sandbox::fake::FakeBehavior;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{client::IntoClientRequest as _, http::Request};
use tokio_util::sync::CancellationToken;

use crate::support::{
    documented,
    server::{Client, TestServer, lock_path},
    socket::{DEADLINE, SocketClient},
};

/// The request of a browser, which tests modify.
pub fn request(server: &TestServer, client: &Client, id: &str, query: &str) -> Request<()> {
    let url = format!("{}/api/terminals/{id}/attach?{query}", server.origin.replace("http://", "ws://"));
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", server.origin.parse().unwrap());
    headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    if let Some(cookie) = client.cookie("__Host-rexec") {
        headers.insert("cookie", format!("__Host-rexec={cookie}").parse().unwrap());
    }
    request
}

pub async fn attach(server: &TestServer, client: &Client, id: TerminalId) -> Result<SocketClient, u16> {
    SocketClient::connect(request(server, client, &id.to_string(), "cols=80&rows=24")).await
}

#[tokio::test]
async fn refusals_precede_the_upgrade_in_a_fixed_order() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (ada, bob) = (server.user_with_factor(&admin, "ada").await, server.user(&admin, "bob").await);
    let id = server.terminal(&ada.client).await;
    let refused = async |request| {
        let status = SocketClient::connect(request).await.err();
        documented::check("GET", &format!("/api/terminals/{id}/attach"), status.unwrap_or(101));
        status
    };
    let text = id.to_string();
    let foreign = |client: &Client, origin: Option<&str>| {
        let mut request = request(&server, client, &text, "");
        request.headers_mut().remove("origin");
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        request
    };
    // Authentication first, then the origin, then ownership.
    assert_eq!(refused(foreign(&server.anonymous(), Some("https://evil.example"))).await, Some(401));
    let own = server.origin.clone();
    let port: u32 = own.rsplit(':').next().unwrap().parse().unwrap();
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some(own.replace("http:", "https:").as_str()),
        Some(format!("{own}.evil.example").as_str()),
        Some(format!("{own}/").as_str()),
        Some(""),
        Some(format!("http://attacker.example:{port}").as_str()),
        Some(format!("http://127.0.0.1:{}", port + 1).as_str()),
        Some(format!("{own}@attacker.example").as_str()),
        Some(format!("{own}, https://attacker.example").as_str()),
    ] {
        assert_eq!(refused(foreign(&ada.client, origin)).await, Some(403), "{origin:?}");
    }
    assert_eq!(attach(&server, &bob.client, id).await.err(), Some(404));
    for strange in [id.to_string().to_uppercase(), "67e55044-10b1-426f-9247-bb680e5fe0c8".into(), "x".into()] {
        assert_eq!(refused(request(&server, &ada.client, &strange, "")).await, Some(404), "{strange}");
    }
    for bad in ["cols=x", "rows=70000", "pane=../x", "pane=", "from=-1", "form=1"] {
        assert_eq!(refused(request(&server, &ada.client, &id.to_string(), bad)).await, Some(400), "{bad}");
    }
    let mut unnamed = request(&server, &ada.client, &id.to_string(), "");
    unnamed.headers_mut().remove("sec-websocket-protocol");
    assert_eq!(refused(unnamed).await, Some(400), "the sub-protocol must be offered");
    ada.client.refused(400, "GET", &format!("/api/terminals/{id}/attach"), Value::Null).await;

    ada.lock(id).await;
    assert_eq!(
        refused(request(&server, &ada.client, &id.to_string(), "cols=x")).await,
        Some(423),
        "the lock takes precedence"
    );
    assert_eq!(refused(foreign(&ada.client, Some("null"))).await, Some(403));
    let events = server.events(&admin, "terminal_access_refused").await;
    assert_eq!((events.len(), events[0]["outcome"].as_str()), (1, Some("failure")));
    let code = json!({"code": server.next_code(&ada)});
    ada.client.ok("POST", &lock_path(id, "unlock"), code).await;
    ada.client.ok("POST", &format!("/api/terminals/{id}/stop"), Value::Null).await;
    assert_eq!(attach(&server, &ada.client, id).await.err(), Some(409));
}

#[tokio::test]
async fn a_locked_terminal_opens_by_no_spelling_of_its_id() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.lock(id).await;
    let text = id.to_string();
    for spelling in [
        text.clone(),
        text.to_uppercase(),
        text.replace('-', ""),
        format!("%7B{text}%7D"),
        format!("urn:uuid:{text}"),
        format!("{text}%00"),
        format!("{text}%2F"),
        format!("%20{text}"),
    ] {
        let status = SocketClient::connect(request(&server, &ada.client, &spelling, "")).await.err();
        assert_eq!(status, Some(if spelling == text { 423 } else { 404 }), "{spelling}");
    }
    ada.client.ok("POST", &lock_path(id, "verify"), json!({"code": server.code(&ada)})).await;
    let mut socket = attach(&server, &ada.client, id).await.unwrap();
    socket.type_line("echo open").await;
    socket.until("echo open").await;
    let status = ada.client.ok("GET", &lock_path(id, "status"), Value::Null).await;
    assert_eq!(status["mfa_locked"], true, "verifying keeps the lock");
}

#[tokio::test]
async fn an_open_socket_ends_with_the_lock_the_login_and_the_terminal() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let other = server.log_in_again(&ada).await;
    let mut first = attach(&server, &ada.client, id).await.unwrap();
    let mut second = attach(&server, &other, id).await.unwrap();
    first.type_line("echo both see it").await;
    first.until("both see it\r\nboth").await;
    second.until("both see it\r\nboth").await;
    ada.lock(id).await;
    assert_eq!((first.closed().await, second.closed().await), (4423, 4423));
    assert_eq!(attach(&server, &other, id).await.err(), Some(423));

    // A grant is valid for this login only, and Hello carries its end.
    let answer = ada.client.ok("POST", &lock_path(id, "verify"), json!({"code": server.next_code(&ada)})).await;
    let mut first = attach(&server, &ada.client, id).await.unwrap();
    assert_eq!(first.hello.granted_until.map(|t| t.to_string()).as_deref(), answer["granted_until"].as_str());
    assert_eq!(attach(&server, &other, id).await.err(), Some(423));
    ada.client.ok("POST", "/api/auth/logout", Value::Null).await;
    assert_eq!(first.closed().await, 4401);

    other.ok("POST", &lock_path(id, "unlock"), json!({"code": server.next_code(&ada)})).await;
    let mut second = attach(&server, &other, id).await.unwrap();
    other.ok("POST", &format!("/api/terminals/{id}/stop"), Value::Null).await;
    assert_eq!(second.closed().await, 4409);
    other.ok("POST", &format!("/api/terminals/{id}/start"), Value::Null).await;
    let mut second = attach(&server, &other, id).await.unwrap();
    other.ok("DELETE", &format!("/api/terminals/{id}"), Value::Null).await;
    assert_eq!(second.closed().await, 4404);
    // Each socket is audited when it attaches and after its close handshake.
    drop((first, second));
    let attached = server.events(&admin, "terminal_attached").await.len();
    assert_eq!(attached, 5);
    let all = async {
        loop {
            let ended = server.events(&admin, "terminal_detached").await;
            if ended.len() >= attached {
                return ended;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let ended = tokio::time::timeout(DEADLINE, all).await.expect("every end is audited");
    assert!(ended.iter().all(|e| e["actor"] == "ada" && e["target"] == id.to_string()), "{ended:?}");
}

/// A cold start is answered before it completes; until then attaching is refused, not queued.
#[tokio::test]
async fn a_starting_terminal_answers_202_and_accepts_no_client_until_it_runs() {
    let server = TestServer::without_operation_wait().await;
    let admin = server.admin().await;
    let client = &admin.client;
    let hold = || {
        let go = CancellationToken::new();
        server.engine.set_behavior(FakeBehavior { start_after: Some(go.clone()), ..FakeBehavior::default() });
        go
    };
    let state = async |path: &str| client.ok("GET", path, Value::Null).await["state"].clone();
    let wait_for_state = async |path: &str, wanted: &str| {
        let reached = async {
            while state(path).await != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, reached).await.unwrap_or_else(|_| panic!("it is never {wanted}"));
    };
    let go = hold();
    let cold = client.ask("POST", "/api/terminals", json!({"image": "debian"})).await;
    assert_eq!((cold.status, &cold.body["state"]), (202, &json!("creating")), "{}", cold.body);
    let id: TerminalId = cold.body["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/api/terminals/{id}");
    let assert_refused = async || {
        assert_eq!(state(&path).await, "creating");
        let opening = client.open(&format!("{path}/attach")).await;
        assert_eq!(opening.status(), 409, "an HTTP client learns it as a socket does");
        assert_eq!(opening.json::<Value>().await.unwrap()["type"], "not_running");
        assert_eq!(attach(&server, client, id).await.err(), Some(409));
        for (method, what) in [("GET", "stats"), ("POST", "start"), ("POST", "stop")] {
            client.refused(409, method, &format!("{path}/{what}"), Value::Null).await;
        }
    };
    assert_refused().await;
    go.cancel();
    wait_for_state(&path, "running").await;
    attach(&server, client, id).await.unwrap();

    let stopped = client.ask("POST", &format!("{path}/stop"), Value::Null).await;
    assert!([200, 202].contains(&stopped.status), "{}", stopped.body);
    wait_for_state(&path, "stopped").await;
    let go = hold();
    let starting = client.ask("POST", &format!("{path}/start"), Value::Null).await;
    assert_eq!((starting.status, &starting.body["state"]), (202, &json!("creating")), "{}", starting.body);
    assert_refused().await;
    go.cancel();
    wait_for_state(&path, "running").await;
    attach(&server, client, id).await.unwrap();
}

#[tokio::test]
async fn shutdown_closes_sockets_as_unavailable() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let mut socket = attach(&server, &admin.client, id).await.unwrap();
    server.services.shutdown.cancel();
    assert_eq!(socket.closed().await, ProblemKind::Unavailable.close_code());
}
