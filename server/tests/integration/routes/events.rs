//! The event stream: what it publishes, and how many of them a login may have.

use protocol::limits;
use serde_json::{Value, json};

use crate::support::{
    server::{Client, TestServer, lock_path},
    socket::DEADLINE,
};

/// The next event of a stream.
async fn next_event(stream: &mut reqwest::Response) -> Value {
    let event = async {
        let mut text = String::new();
        loop {
            let piece = stream.chunk().await.unwrap().expect("the stream goes on");
            text.push_str(std::str::from_utf8(&piece).unwrap());
            if let Some(line) = text.lines().find_map(|line| line.strip_prefix("data: "))
                && let Ok(event) = serde_json::from_str(line)
            {
                return event;
            }
        }
    };
    // Around the whole loop: keep-alives may arrive forever.
    tokio::time::timeout(DEADLINE, event).await.expect("an event")
}

async fn opened(client: &Client) -> reqwest::Response {
    let stream = client.open("/api/events").await;
    assert_eq!(stream.status(), 200);
    stream
}

#[tokio::test]
async fn changes_are_published_to_the_owner_only() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (ada, bob) = (server.user_with_factor(&admin, "ada").await, server.user(&admin, "bob").await);
    let mut streams = [opened(&ada.client).await, opened(&bob.client).await];
    let (hers, his) = (server.terminal(&ada.client).await, server.terminal(&bob.client).await);
    ada.lock(hers).await;
    let assert_about = |event: &Value, id: protocol::TerminalId| {
        let named = event["id"].as_str().or_else(|| event["terminal"]["id"].as_str());
        assert_eq!(named, Some(id.to_string().as_str()), "{event}");
    };
    loop {
        let event = next_event(&mut streams[0]).await;
        assert_about(&event, hers);
        if event["terminal"]["mfa_locked"] == json!(true) {
            break;
        }
    }
    assert_about(&next_event(&mut streams[1]).await, his);
}

/// Pages follow the lock without polling.
#[tokio::test]
async fn every_change_of_the_lock_is_published() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let mut stream = opened(&ada.client).await;
    let mut next = async || {
        let event = next_event(&mut stream).await["terminal"].clone();
        (event["mfa_locked"].as_bool(), event["granted_until"].is_string())
    };
    ada.lock(id).await;
    assert_eq!(next().await, (Some(true), false), "locked");
    ada.client.ok("POST", &lock_path(id, "verify"), json!({"code": server.code(&ada)})).await;
    assert_eq!(next().await, (Some(true), true), "granted");
    ada.client.ok("POST", &lock_path(id, "unlock"), json!({"code": server.next_code(&ada)})).await;
    assert_eq!(next().await, (Some(false), false), "unlocked");
}

#[tokio::test]
async fn event_streams_are_bounded_per_login_and_per_account() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let mut streams = Vec::new();
    for _ in 0..limits::EVENT_STREAMS_MAX {
        streams.push(opened(&ada.client).await);
    }
    // Only the status first: the body of an accepted stream has no end.
    assert_eq!(ada.client.open("/api/events").await.status(), 429);
    let problem = ada.client.refused(429, "GET", "/api/events", Value::Null).await;
    assert!(problem["detail"].as_str().unwrap().contains("Close one"), "{problem}");
    // Another login has its own bound, up to the bound of the account.
    let (mut others, mut more) = (Vec::new(), Vec::new());
    while more.len() < limits::ACCOUNT_EVENT_STREAMS_MAX - limits::EVENT_STREAMS_MAX {
        if more.len() % limits::EVENT_STREAMS_MAX == 0 {
            others.push(server.log_in_again(&ada).await);
        }
        more.push(opened(others.last().unwrap()).await);
    }
    let last = server.log_in_again(&ada).await;
    assert_eq!(last.open("/api/events").await.status(), 429);
    let problem = last.refused(429, "GET", "/api/events", Value::Null).await;
    assert!(problem["detail"].as_str().unwrap().starts_with("Your account has 64"), "{problem}");
    drop(opened(&admin.client).await);
    drop(more);
    // Other requests and open streams are unaffected.
    let id = server.terminal(&ada.client).await;
    assert!(next_event(&mut streams[0]).await.to_string().contains(&id.to_string()));
    streams.pop();
    let again = async {
        while ada.client.open("/api/events").await.status() != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), again).await.expect("a place is given back");
}
