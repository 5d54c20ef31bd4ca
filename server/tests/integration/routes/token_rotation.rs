//! What a new token of a login session does to sockets and event streams that an older token opened.

use std::time::Duration;

use access::{Attach, Authorized, LoginLease, Revocation};
use protocol::TerminalId;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::mfa_codes::code;
use crate::support::server::{PASSWORD, TestServer, User, lock_path};

/// The rule is one second; the rest is for loaded machines.
const AT_MOST: Duration = Duration::from_secs(5);

async fn open(server: &TestServer, user: &User, id: TerminalId) -> (Authorized<Attach>, LoginLease) {
    let caller = server.caller(&user.client).await;
    let gate = &server.services.gate;
    (gate.authorize(&caller, id, Attach).await.unwrap(), gate.login_lease(&caller).await.unwrap())
}

#[tokio::test]
async fn every_rotation_ends_the_sockets_and_streams_of_older_tokens() {
    let (server, _admin, ada) = TestServer::with_ada().await;
    let (used, locked) = (server.terminal(&ada.client).await, server.terminal(&ada.client).await);
    ada.lock(locked).await;
    let password = |code: String| json!({"current": PASSWORD, "new": "an entirely new one", "code": code});
    for (path, body) in [
        (lock_path(locked, "verify"), code as fn(&str) -> Value),
        (lock_path(locked, "unlock"), code),
        ("/api/account/sessions/revoke-others".to_owned(), |_| Value::Null),
        ("/api/account/mfa/recovery-codes".to_owned(), code),
        ("/api/account/mfa/disable".to_owned(), code),
    ] {
        rotates(&server, &ada, used, &path, body(&server.next_code(&ada))).await;
    }
    server.enrol(&ada).await;
    rotates(&server, &ada, used, "/api/account/password", password(server.next_code(&ada))).await;
}

async fn rotates(server: &TestServer, ada: &User, id: TerminalId, path: &str, body: Value) {
    let (socket, stream) = open(server, ada, id).await;
    ada.client.ok("POST", path, body).await;
    let (fresh, _stream) = open(server, ada, id).await;
    let ended = timeout(AT_MOST, async { (socket.lease().ended().await, stream.ended().await) }).await;
    assert_eq!(ended.expect(path).0, Revocation::TokenReplaced, "{path}");
    assert_eq!(fresh.lease().check(), Ok(()), "{path}: the current token keeps what it opened");
}

#[tokio::test]
async fn enrolling_ends_the_sockets_of_older_tokens_and_the_caller_opens_new_ones() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let id = server.terminal(&ada.client).await;
    let (socket, _stream) = open(&server, &ada, id).await;
    server.enrol(&ada).await;
    let ended = timeout(AT_MOST, socket.lease().ended()).await;
    assert_eq!(ended, Ok(Revocation::TokenReplaced));
    assert_eq!(server.admitted(&ada.client, id).await, Ok(()));
}
