//! Connections whose peer does not go on: each is ended in its time, and those that are in use are not.

use std::time::Duration;

use rexec::http::connections::Bounds;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::attach::attach;
use crate::support::{database, server::TestServer};

/// Short, so that a story is.
const SHORT: Bounds = Bounds { head: Duration::from_millis(400), body: Duration::from_millis(400), open: 64, peer: 64 };
/// Far more than a deadline, and far less than the server's usual ones.
const PATIENCE: Duration = Duration::from_secs(20);

async fn bounded(bounds: Bounds) -> TestServer {
    TestServer::with_bounds(bounds, database::sqlite().await, |_| ()).await
}

/// A connection on which this much was said.
async fn say(server: &TestServer, text: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(server.origin.trim_start_matches("http://")).await.unwrap();
    tcp.write_all(text.as_bytes()).await.unwrap();
    tcp
}

/// What comes until the server ends the connection.
async fn heard(tcp: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let all = tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut bytes)).await.expect("the server ends it");
    // A reset is an end as well.
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
    assert_eq!(heard(&mut say(&server, "").await).await, "", "nothing");
    assert_eq!(heard(&mut say(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\nx-half: ").await).await, "", "half a head");
    let answer = heard(&mut say(&server, &login(&server, "{\"username\":", 100)).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "half a body: {answer}");
    let answer = heard(&mut say(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok"), "idle after a request: {answer}");
}

/// One answer, as it is on the wire.
async fn answer_to(server: &TestServer, method: &str, path: &str, more: &str) -> String {
    let (host, origin) = (server.origin.trim_start_matches("http://"), &server.origin);
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nconnection: close\r\n");
    heard(&mut say(server, &format!("{head}{more}")).await).await
}

#[tokio::test]
async fn invalid_requests_get_a_problem_document_immediately() {
    // Were anything of this waited for, the answer would be that it did not come in time.
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
    let mut tcp = say(&server, &login(&server, "", 1000)).await;
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
    let answer = tokio::time::timeout(PATIENCE, async {
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
    let server = bounded(Bounds { head: Duration::from_secs(2), body: Duration::from_secs(2), ..SHORT }).await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let mut stream = admin.client.open("/api/events").await;
    let mut socket = attach(&server, &admin.client, id).await.unwrap();
    // Connections that were opened later are over.
    for _ in 0..2 {
        heard(&mut say(&server, "").await).await;
    }
    socket.type_line("echo still here").await;
    socket.until("still here\r\nstill").await;
    admin.client.ok("PATCH", &format!("/api/terminals/{id}"), json!({"name": "renamed meanwhile"})).await;
    let told = async {
        let mut text = String::new();
        while !text.contains("renamed meanwhile") {
            text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("the stream goes on"));
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the change is told");
}

#[tokio::test]
async fn open_connections_are_bounded_and_the_next_waits() {
    let server = bounded(Bounds { open: 2, head: Duration::from_secs(600), ..SHORT }).await;
    let (first, _second) = (say(&server, "").await, say(&server, "").await);
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut third = say(&server, ask).await;
    let early = tokio::time::timeout(Duration::from_millis(300), third.readable()).await;
    assert!(early.is_err(), "answered although two are open");
    drop(first);
    assert!(heard(&mut third).await.ends_with("ok"));
}

#[tokio::test]
async fn connections_per_address_are_bounded() {
    let server = bounded(Bounds { peer: 2, head: Duration::from_secs(600), ..SHORT }).await;
    let (first, _second) = (say(&server, "").await, say(&server, "").await);
    assert_eq!(heard(&mut say(&server, "").await).await, "", "closed at once");
    drop(first);
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    // The end of the first one has to be noticed before its place is free.
    let again = async { while !heard(&mut say(&server, ask).await).await.ends_with("ok") {} };
    tokio::time::timeout(PATIENCE, again).await.expect("a place is given back");
}

#[tokio::test]
async fn shutdown_completes_requests_in_progress() {
    let server = bounded(Bounds { body: PATIENCE, ..SHORT }).await;
    let body = json!({"username": "nobody", "password": "a few random words 7"}).to_string();
    let asked = login(&server, "", body.len()).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    let mut tcp = say(&server, &asked).await;
    let mut go_on = [0; 25];
    tcp.read_exact(&mut go_on).await.unwrap();
    assert_eq!(go_on.as_slice(), b"HTTP/1.1 100 Continue\r\n\r\n");
    server.services.shutdown.cancel();
    tcp.write_all(body.as_bytes()).await.unwrap();
    let answer = heard(&mut tcp).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("wrong_credentials"), "{answer}");
}
