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
use store::Db;
use terminal::AttachedClient;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::tcp::Connection;
use crate::problem::ws as texts;
use close::Disconnect;
pub use shared::Timeouts;
use shared::{Shared, State};

/// After a revocation, output that was handed to the socket may be sent for this long. The revoker waits longer, so no
/// byte is sent after it has returned with the lease released.
const PARTIAL_WRITE_DEADLINE: Duration = Duration::from_millis(100);
/// Interval at which the kernel is asked whether it has sent everything.
const SENT_POLL: Duration = Duration::from_millis(1);
/// Capacity of the queue of control messages.
const CONTROL_MESSAGES: usize = 8;

/// Serves one socket until it ends. When this drops the proof, and so acknowledges a revocation, the last byte of
/// output has been sent or discarded. Without its connection the kernel may still hold some.
pub async fn run(
    (socket, tcp): (WebSocket, Option<Connection>),
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
    let settled = settle(&mut sink, tcp.as_ref(), &access, &shared, &shutdown, &reason).await;
    if !settled {
        tcp.as_ref().inspect(|tcp| tcp.reset());
    }
    let (session, terminal, last_input) = (access.session(), access.id(), access.lease().last_input());
    // Acknowledges the revocation: no output is sent after this line.
    drop(access);
    let unsaved_input = shared.state().unsaved_input;
    let save = async {
        if unsaved_input && let Err(error) = db.record_input(session, terminal, last_input).await {
            rates::limited!(suppressed => tracing::warn!(suppressed, %error, "the last input was not stored"));
        }
    };
    let close_handshake = async {
        // After a part of a message only its rest could follow, and that would be output.
        let closed = settled && close::close(&mut sink, &mut stream, &reason).await;
        // Sent output that the client has not acknowledged is not sent again.
        if !closed && matches!(reason, Disconnect::Revoked(_)) {
            tcp.as_ref().inspect(|tcp| tcp.reset());
        }
    };
    tokio::join!(save, close_handshake);
}

/// Waits until all output that was handed to the socket is sent: the rest of a partly written message, then what the
/// kernel holds. Returns whether it is, so that a close frame with the reason can follow. Ends before the deadline of
/// the revoker.
async fn settle(
    sink: &mut SplitSink<WebSocket, Message>,
    tcp: Option<&Connection>,
    access: &Authorized<Attach>,
    shared: &Shared,
    shutdown: &CancellationToken,
    reason: &Disconnect,
) -> bool {
    let lease = access.lease();
    let late = || lease.revoked_at().is_some_and(|at| at.elapsed() >= PARTIAL_WRITE_DEADLINE);
    let deadline = async {
        if reason.leaves_output_to_read() {
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
    let sent = async {
        let writing = shared.state().writing;
        // Timers may fire late, so the clock is checked before every write.
        let rest = poll_fn(|cx| match late() {
            true => Poll::Ready(false),
            false => sink.poll_flush_unpin(cx).map(|done| done.is_ok()),
        });
        if writing && !rest.await {
            return false;
        }
        while tcp.is_some_and(|tcp| !tcp.is_sent()) {
            if late() {
                return false;
            }
            sleep(SENT_POLL).await;
        }
        true
    };
    tokio::select! {
        biased;
        () = deadline => false,
        sent = sent => sent,
    }
}
