//! What one account or one address can write to the audit log. FINDINGS A6, A7.

use rexec::{admin::housekeeping, audit};
use serde_json::{Value, json};

use super::attach::attach;
use crate::support::server::TestServer;

async fn rows(server: &TestServer) -> i64 {
    server.services.db.read().await.unwrap().audit_head().await.unwrap().seq
}

/// Details of the events of this name, newest first.
async fn details(server: &TestServer, event: &str) -> Vec<Option<String>> {
    let mut tx = server.services.db.read().await.unwrap();
    let rows = tx.audit_after(0, 10_000).await.unwrap();
    rows.into_iter().rev().filter(|row| row.event == event).map(|row| row.detail).collect()
}

#[tokio::test]
async fn refused_attaches_of_one_account_are_recorded_at_a_rate_with_a_count() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    ada.client.ok("POST", &format!("/api/security/terminal/{id}/mfa-lock"), Value::Null).await;
    let before = rows(&server).await;
    for _ in 0..200 {
        assert!(attach(&server, &ada.client, id).await.is_err());
    }
    assert_eq!(rows(&server).await - before, 20);
    housekeeping::append_counts(&server.services, false).await.unwrap();
    assert_eq!(rows(&server).await - before, 20, "the window has not ended");
    server.clock.advance_secs(60);
    housekeeping::append_counts(&server.services, false).await.unwrap();
    assert_eq!(details(&server, "terminal_access_refused").await[0].as_deref(), Some("suppressed=180"));
    assert_eq!(rows(&server).await - before, 21);
    let mut tx = server.services.db.read().await.unwrap();
    let last = tx.audit_after(before + 20, 1).await.unwrap().remove(0);
    assert_eq!((last.actor.as_deref(), last.target), (Some("ada"), Some(id.to_string())));
    assert!(audit::verify(&server.services.audit, &[]).await.unwrap().verdict.intact);
}

#[tokio::test]
async fn attaches_in_a_loop_are_counted_at_shutdown() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    for _ in 0..30 {
        drop(attach(&server, &ada.client, id).await.unwrap());
    }
    assert_eq!(details(&server, "terminal_attached").await.len(), 20);
    housekeeping::append_counts(&server.services, true).await.unwrap();
    assert_eq!(details(&server, "terminal_attached").await[0].as_deref(), Some("suppressed=10"));
}

/// The events of changes are not suppressed; their number is bounded by the rate of changing requests.
#[tokio::test]
async fn changing_requests_of_one_account_have_a_rate_and_every_change_its_event() {
    let (server, admin, ada, id) = TestServer::with_terminal().await;
    let (path, before) = (format!("/api/terminals/{id}"), rows(&server).await);
    let mut changed = 0;
    let reply = loop {
        let reply = ada.client.ask("PATCH", &path, json!({"name": format!("name {changed}")})).await;
        if reply.status != 200 {
            break reply;
        }
        changed += 1;
    };
    assert_eq!((reply.status, reply.kind()), (429, "throttled"));
    assert!((250..=300).contains(&changed), "{changed}");
    assert_eq!(rows(&server).await - before, changed);
    ada.client.ok("GET", &path, Value::Null).await;
    server.terminal(&admin.client).await;
    server.clock.advance_secs(1);
    ada.client.ok("PATCH", &path, json!({"name": "later"})).await;
}
