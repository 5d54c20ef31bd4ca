//! Timeouts and bounds of connections, and shutdown.

use std::time::Duration;

use rexec::http::Bounds;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::attach::attach;
use crate::support::{database, server::TestServer};

/// Short timeouts.
const SHORT: Bounds = Bounds {
    head: Duration::from_millis(400),
    idle: Duration::from_millis(400),
    body: Duration::from_millis(400),
    open: 64,
    peer: 64,
    ..Bounds::DEFAULT
};
const TWO: Duration = Duration::from_secs(2);
/// Far more than a short timeout, and far less than the default ones.
const DEADLINE: Duration = Duration::from_secs(20);

async fn bounded(bounds: Bounds) -> TestServer {
    TestServer::with_bounds(bounds, database::sqlite().await, |_| ()).await
}

/// A connection on which this text was sent.
async fn send(server: &TestServer, text: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(server.origin.trim_start_matches("http://")).await.unwrap();
    tcp.write_all(text.as_bytes()).await.unwrap();
    tcp
}

/// Everything received until the server closes the connection.
async fn read_to_end(tcp: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let all = tokio::time::timeout(DEADLINE, tcp.read_to_end(&mut bytes)).await.expect("the server ends it");
    // A reset closes it as well.
    let _ = all;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn login(server: &TestServer, body: &str, length: usize) -> String {
    let host = server.origin.trim_start_matches("http://");
    let origin = &server.origin;
    format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn incomplete_requests_and_idle_connections_time_out() {
    let server = bounded(SHORT).await;
    assert_eq!(read_to_end(&mut send(&server, "").await).await, "", "nothing");
    assert_eq!(
        read_to_end(&mut send(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\nx-half: ").await).await,
        "",
        "half a head"
    );
    let answer = read_to_end(&mut send(&server, &login(&server, "{\"username\":", 100)).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "half a body: {answer}");
    let answer = read_to_end(&mut send(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok"), "idle after a request: {answer}");
}

/// One response as sent on the wire.
async fn answer_to(server: &TestServer, method: &str, path: &str, more: &str) -> String {
    let (host, origin) = (server.origin.trim_start_matches("http://"), &server.origin);
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nconnection: close\r\n");
    read_to_end(&mut send(server, &format!("{head}{more}")).await).await
}

#[tokio::test]
async fn invalid_requests_get_a_problem_document_immediately() {
    // If the server waited for a body, the answer would be a timeout.
    let server = bounded(Bounds { body: Duration::from_secs(5), ..SHORT }).await;
    let json = "content-type: application/json\r\n";
    let cases = [
        ("POST", "/api/auth/login", format!("{json}content-length: 99999999999\r\n\r\n"), 413, "too_large"),
        ("POST", "/api/auth/login", format!("{json}transfer-encoding: chunked\r\n\r\nno size\r\n"), 400, "bad_request"),
        ("PUT", "/api/auth/login", "\r\n".to_owned(), 405, "method_not_allowed"),
        ("POST", "/login", "\r\n".to_owned(), 405, "method_not_allowed"),
        ("GET", "/api", "\r\n".to_owned(), 404, "not_found"),
        ("GET", "/api/", "\r\n".to_owned(), 404, "not_found"),
        ("GET", "/api/nothing", "\r\n".to_owned(), 404, "not_found"),
        ("GET", "/pkg/nothing.js", "\r\n".to_owned(), 404, "not_found"),
    ];
    for (method, path, more, status, kind) in cases {
        let answer = answer_to(&server, method, path, &more).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {path} {more}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(answer.contains(&format!("\"type\":\"{kind}\"")), "{answer}");
    }
}

#[tokio::test]
async fn a_slow_body_does_not_extend_its_deadline() {
    let server = bounded(SHORT).await;
    let mut tcp = send(&server, &login(&server, "", 1000)).await;
    let (mut reading, mut writing) = tcp.split();
    let drops = async {
        loop {
            tokio::time::sleep(SHORT.body / 4).await;
            if writing.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut bytes = Vec::new();
    let answer = tokio::time::timeout(DEADLINE, async {
        tokio::select! {
            () = drops => {}
            _ = reading.read_to_end(&mut bytes) => {}
        }
    });
    answer.await.expect("the server ends it");
    assert!(bytes.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&bytes));
}

#[tokio::test]
async fn terminal_sockets_and_event_streams_are_exempt_from_request_timeouts() {
    let server = bounded(Bounds { head: TWO, idle: TWO, body: TWO, ..SHORT }).await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let mut stream = admin.client.open("/api/events").await;
    let mut socket = attach(&server, &admin.client, id).await.unwrap();
    // Idle connections opened later have timed out meanwhile.
    for _ in 0..2 {
        read_to_end(&mut send(&server, "").await).await;
    }
    socket.type_line("echo still here").await;
    socket.until("still here\r\nstill").await;
    admin.client.ok("PATCH", &format!("/api/terminals/{id}"), json!({"name": "renamed meanwhile"})).await;
    let reported = async {
        let mut text = String::new();
        while !text.contains("renamed meanwhile") {
            text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("the stream goes on"));
        }
    };
    tokio::time::timeout(DEADLINE, reported).await.expect("the change is published");
}

#[tokio::test]
async fn open_connections_are_bounded_and_the_next_waits() {
    let server =
        bounded(Bounds { open: 2, head: Duration::from_secs(600), idle: Duration::from_secs(600), ..SHORT }).await;
    let (first, _second) = (send(&server, "").await, send(&server, "").await);
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut third = send(&server, ask).await;
    let early = tokio::time::timeout(Duration::from_millis(300), third.readable()).await;
    assert!(early.is_err(), "answered although two are open");
    drop(first);
    assert!(read_to_end(&mut third).await.ends_with("ok"));
}

#[tokio::test]
async fn connections_per_address_are_bounded() {
    let server =
        bounded(Bounds { peer: 2, head: Duration::from_secs(600), idle: Duration::from_secs(600), ..SHORT }).await;
    let (first, _second) = (send(&server, "").await, send(&server, "").await);
    assert_eq!(read_to_end(&mut send(&server, "").await).await, "", "closed at once");
    drop(first);
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // The server has to notice the end of the first one.
    let again = async { while !read_to_end(&mut send(&server, ask).await).await.ends_with("ok") {} };
    tokio::time::timeout(DEADLINE, again).await.expect("a place is given back");
}

#[tokio::test]
async fn shutdown_completes_requests_in_progress() {
    let server = bounded(Bounds { body: DEADLINE, ..SHORT }).await;
    let body = json!({"username": "nobody", "password": "a few random words 7"}).to_string();
    let asked = login(&server, "", body.len()).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    let mut tcp = send(&server, &asked).await;
    let mut interim = [0; 25];
    tcp.read_exact(&mut interim).await.unwrap();
    assert_eq!(interim.as_slice(), b"HTTP/1.1 100 Continue\r\n\r\n");
    server.services.shutdown.cancel();
    tcp.write_all(body.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut tcp).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("wrong_credentials"), "{answer}");
}

/// FINDINGS A10: the head has a total time from the accept, however slowly it arrives.
#[tokio::test]
async fn a_head_that_arrives_slowly_does_not_extend_its_deadline() {
    let server = bounded(Bounds { idle: Duration::from_secs(600), ..SHORT }).await;
    let mut tcp = send(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\n").await;
    let (mut reading, mut writing) = tcp.split();
    let drops = async {
        loop {
            tokio::time::sleep(SHORT.head / 4).await;
            if writing.write_all(b"x-a: b\r\n").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut bytes = Vec::new();
    let ended = tokio::time::timeout(DEADLINE, async {
        tokio::select! {
            () = drops => {}
            _ = reading.read_to_end(&mut bytes) => {}
        }
    });
    ended.await.expect("the server ends it");
    assert!(bytes.is_empty(), "{}", String::from_utf8_lossy(&bytes));
}

#[tokio::test]
async fn a_head_of_32_kib_is_read_and_a_larger_one_is_refused() {
    let server = bounded(Bounds { head: DEADLINE, ..SHORT }).await;
    let head = |bytes: usize| {
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-a: {}\r\n\r\n", "a".repeat(bytes))
    };
    let answer = read_to_end(&mut send(&server, &head(31 * 1024)).await).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = read_to_end(&mut send(&server, &head(33 * 1024)).await).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// FINDINGS A10: half heads fill what unknown addresses may have, and a signed-in user still gets a connection.
#[tokio::test]
async fn half_heads_leave_room_for_signed_in_users() {
    let bounds = Bounds { head: Duration::from_secs(600), peer_waiting: 4, ..SHORT };
    let server = bounded(bounds).await;
    let mut half = Vec::new();
    for _ in 0..4 {
        half.push(send(&server, "GET /healthz HTTP/1.1\r\n").await);
    }
    assert_eq!(read_to_end(&mut send(&server, "GET").await).await, "", "closed at once");
    // From here on somebody is signed in from this address.
    let user = protocol::UserId::new(uuid::Uuid::nil());
    server.services.signed_in_addresses.record(user, [127, 0, 0, 1].into());
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(read_to_end(&mut send(&server, ask).await).await.ends_with("ok"));
}
