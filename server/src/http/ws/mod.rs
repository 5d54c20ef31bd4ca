//! The WebSocket transport of one attached client. It ends when the lease ends, and sends no byte afterwards.
//!
//! Reader, writer and housekeeping are three futures of one task: none waits for another, and all stop together. The
//! end of the lease is polled before any of them.

mod budget;
mod close;
mod housekeeping;
mod reader;
mod shared;
mod writer;

use std::{future::poll_fn, sync::Mutex, task::Poll, time::Duration};

use access::{Attach, Authorized};
use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use protocol::ProblemKind;
use store::Db;
use terminal::AttachedClient;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::problem::ws as texts;
use close::Disconnect;
pub use shared::Timeouts;
use shared::{Shared, State};

/// After a revocation, the rest of a partly written message may be sent for this long. The revoker waits longer, so no
/// byte is sent after it has returned with the lease released.
const PARTIAL_WRITE_DEADLINE: Duration = Duration::from_millis(100);
/// Capacity of the queue of control messages.
const CONTROL_MESSAGES: usize = 8;

/// Serves one socket until it ends. When this drops the proof, and so acknowledges a revocation, the last byte of
/// output has been sent.
pub async fn run(
    socket: WebSocket,
    access: Authorized<Attach>,
    attached: AttachedClient,
    db: Db,
    shutdown: CancellationToken,
    timeouts: Timeouts,
) {
    let (control, control_messages) = mpsc::channel(CONTROL_MESSAGES);
    let state = State { last_received_at: Instant::now(), unsaved_input: false, writing: false };
    let shared = Shared { state: Mutex::new(state), control, timeouts };
    let (mut sink, mut stream) = socket.split();
    let AttachedClient { client, cursor, changed } = attached;
    let source = writer::Source { client: &client, cursor, changed };
    let reason = tokio::select! {
        biased;
        revocation = access.lease().ended() => Disconnect::Revoked(revocation),
        () = shutdown.cancelled() => Disconnect::Problem(texts::shutting_down()),
        reason = reader::read(&mut stream, &access, &client, &shared) => reason,
        reason = writer::write(&mut sink, &access, source, control_messages, &shared) => reason,
        reason = housekeeping::run(&access, &shared, &db) => reason,
    };
    tracing::debug!(terminal = %access.id(), user = %access.user(), ?reason, "client detached");
    // Detached before the close handshake: a slow client must not hold up the flow control of the pane.
    drop(client);
    if shared.state().writing {
        finish_message(&mut sink, &access, &shared, &shutdown, &reason).await;
    }
    let (session, terminal, last_input) = (access.session(), access.id(), access.lease().last_input());
    // Acknowledges the revocation: no output is sent after this line.
    drop(access);
    let State { unsaved_input, writing, .. } = *shared.state();
    let save = async {
        if unsaved_input && let Err(error) = db.record_input(session, terminal, last_input).await {
            rates::limited!(suppressed => tracing::warn!(suppressed, %error, "the last input was not stored"));
        }
    };
    let close_handshake = async {
        // After a part of a message only its rest could follow, and that would be output.
        if !writing {
            close::close(&mut sink, &mut stream, &reason).await;
        }
    };
    tokio::join!(save, close_handshake);
}

/// Sends the rest of a partly written message, so that a close frame with the reason can follow. Ends before the
/// deadline of the revoker.
async fn finish_message(
    sink: &mut SplitSink<WebSocket, Message>,
    access: &Authorized<Attach>,
    shared: &Shared,
    shutdown: &CancellationToken,
    reason: &Disconnect,
) {
    let lease = access.lease();
    let deadline = async {
        if matches!(reason, Disconnect::Problem(problem) if problem.kind == ProblemKind::TooSlow) {
            let ended = async {
                tokio::select! {
                    _ = lease.ended() => {}
                    () = shutdown.cancelled() => {}
                }
            };
            let _ = timeout(shared.timeouts.rest, ended).await;
        }
        sleep_until(lease.revoked_at().unwrap_or_else(Instant::now) + PARTIAL_WRITE_DEADLINE).await;
    };
    // Timers may fire late, so the clock is checked before every write.
    let rest = poll_fn(|cx| match lease.revoked_at() {
        Some(at) if at.elapsed() >= PARTIAL_WRITE_DEADLINE => Poll::Ready(false),
        _ => sink.poll_flush_unpin(cx).map(|done| done.is_ok()),
    });
    tokio::select! {
        biased;
        () = deadline => {}
        done = rest => shared.state().writing = !done,
    }
}
