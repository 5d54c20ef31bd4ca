//! From the browser: every message is one frame or the end; every frame is asked for by the lease again.

use access::Lease;
use axum::extract::ws::{Message, WebSocket};
use futures_util::{StreamExt, stream::SplitStream};
use protocol::{
    Problem, ProblemKind,
    frame::{ClientFrame, ServerFrame},
};
use terminal::Client;
use tokio::time::Instant;

use super::{End, Errand, Shared};

/// Reads until the peer leaves, breaks the protocol, or the lease ends.
pub(super) async fn read(stream: &mut SplitStream<WebSocket>, lease: &Lease, client: &Client, shared: &Shared) -> End {
    loop {
        let message = match stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return broken(&error),
            None => return End::Left,
        };
        shared.state().heard_at = Instant::now();
        if let Err(cut) = lease.check() {
            return End::Revoked(cut);
        }
        match message {
            Message::Binary(bytes) => match ClientFrame::decode(&bytes) {
                Ok(frame) => act(frame, lease, client, shared).await,
                Err(bad) => return refused(&format!("The server got {bad} on this socket.")),
            },
            Message::Text(_) => return refused("Only binary messages are understood on this socket."),
            Message::Close(_) => return End::Left,
            // The library answers pings by itself.
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

async fn act(frame: ClientFrame<'_>, lease: &Lease, client: &Client, shared: &Shared) {
    match frame {
        // Nothing typed is nothing typed: it keeps no grant alive.
        ClientFrame::Input([]) => {}
        ClientFrame::Input(bytes) => {
            lease.record_input();
            shared.state().touched = true;
            client.input(bytes).await;
        }
        // Sent by the emulator, not by the user, so it does not extend the grant.
        ClientFrame::Reply([]) => {}
        ClientFrame::Reply(bytes) => client.reply(bytes).await,
        ClientFrame::Resize(size) => client.resize(size).await,
        ClientFrame::Ack(position) => client.acknowledge(position),
        ClientFrame::Ping(nonce) => {
            // Waiting here is fine: a peer that floods pings waits for its own answers.
            let _ = shared.errands.send(Errand::Frame(ServerFrame::Pong(nonce))).await;
        }
    }
}

fn refused(detail: &str) -> End {
    End::Refused(Problem::new(ProblemKind::BadRequest, detail))
}

/// What the socket library says; a message over the limit never gets as far as a frame.
fn broken(error: &axum::Error) -> End {
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") || text.contains("utf-8") || text.contains("UTF-8") {
        return refused("A message was over the size limit, or not a message at all.");
    }
    tracing::debug!(error = %text, "the client's socket failed");
    End::Left
}
