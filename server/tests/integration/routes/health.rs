//! Liveness and readiness, and what a user is told while the engine does not answer.

use sandbox::fake::FakeBehavior;
use serde_json::{Value, json};

use crate::support::server::TestServer;

#[tokio::test]
async fn without_an_engine_the_server_is_alive_but_not_ready_and_a_refused_launch_shows_advice() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let look = async || {
        let alive = server.anonymous().ask("GET", "/healthz", Value::Null).await.status;
        (alive, server.anonymous().ask("GET", "/readyz", Value::Null).await.status)
    };
    assert_eq!(look().await, (200, 200));
    server.engine.set_behavior(FakeBehavior { unavailable: true, ..FakeBehavior::default() });
    assert_eq!(look().await, (200, 503));
    let problem = admin.client.refused(503, "POST", "/api/terminals", json!({"image": "debian"})).await;
    assert_eq!(problem["type"], "unavailable");
    let advice = problem["detail"].as_str().unwrap();
    assert!(advice.contains("does not answer") && advice.contains("try again"), "{advice}");
    assert_eq!(admin.client.ok("GET", "/api/terminals", Value::Null).await["items"], json!([]));
    server.engine.set_behavior(FakeBehavior::default());
    assert_eq!(look().await, (200, 200));
    server.terminal(&admin.client).await;
}
