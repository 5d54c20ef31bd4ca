//! The WebSocket transport of one attached client. It ends when the lease ends, and sends no byte afterwards.
//!
//! Reading, writing and housekeeping are three futures of one task, so none of them waits for another and all of them
//! stop together. The cut is polled before any of them.

mod reader;
mod writer;

use std::{future::poll_fn, sync::Mutex, task::Poll, time::Duration};

use access::{Attach, Authorized, Revocation};
use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use protocol::{
    Problem, ProblemKind,
    frame::{Hello, ServerFrame},
    limits,
    problem::CLOSE_SHELL_ENDED,
};
use store::Db;
use terminal::AttachedClient;
use tokio::{
    sync::mpsc,
    time::{Instant, interval, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::problem::revocation_kind;

/// Input of a live socket is written to the store this often at most.
const TOUCH_EVERY: Duration = Duration::from_secs(15);
/// How long a viewer is waited for that does not read, or is not there any more.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// A peer that takes nothing for this long is too slow, and is disconnected.
    pub write: Duration,
    /// Then it has this long to take the rest of the message that is half-way out, so that it can be told why.
    pub rest: Duration,
    /// A peer is pinged this often.
    pub ping: Duration,
    /// A peer of which nothing was heard for this long has left.
    pub silent: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            write: Duration::from_secs(20),
            rest: Duration::from_secs(5),
            ping: Duration::from_secs(limits::PING_SECS),
            silent: Duration::from_secs(limits::SILENT_SECS_MAX),
        }
    }
}

/// The rest of a message that is half-way out has this long from the instant of a cut. Whoever cuts waits for longer, so
/// none of it comes after they were told that nobody looks on.
const REST_DEADLINE: Duration = Duration::from_millis(100);
/// The close handshake is a courtesy.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// Longest close reason: a control frame has 125 bytes, two of which are the code (RFC 6455 5.5).
const REASON_BYTES_MAX: usize = 123;
/// Frames about the connection itself that wait for the writer.
const ERRANDS: usize = 8;

/// How a viewer's socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The lease ended.
    Revoked(Revocation),
    /// The shell ended and its status was delivered.
    ShellEnded,
    /// The peer broke the protocol, or cannot go on; it is told why.
    Refused(Problem),
    /// The peer is gone, or said goodbye.
    Left,
}

/// What is sent besides output.
#[derive(Debug)]
enum Errand {
    Frame(ServerFrame),
    Ping,
}

/// What reader, writer and housekeeping know of each other.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    errands: mpsc::Sender<Errand>,
    patience: Timeouts,
}

#[derive(Debug)]
struct State {
    /// When anything was heard of the peer.
    heard_at: Instant,
    /// Something was typed that the store does not know of yet.
    touched: bool,
    /// A message is partly written: nothing can be sent after it but its rest.
    writing: bool,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Serves one socket until it ends. When the proof is given up, and a cut is acknowledged, the last byte has moved.
pub async fn run(
    socket: WebSocket,
    access: Authorized<Attach>,
    attached: AttachedClient,
    db: Db,
    shutdown: CancellationToken,
    patience: Timeouts,
) {
    let (errands, orders) = mpsc::channel(ERRANDS);
    let state = State { heard_at: Instant::now(), touched: false, writing: false };
    let shared = Shared { state: Mutex::new(state), errands, patience };
    let (mut sink, mut stream) = socket.split();
    let AttachedClient { client, cursor, changed } = attached;
    let pane = writer::Feed { client: &client, cursor, changed };
    let end = tokio::select! {
        biased;
        cut = access.lease().ended() => End::Revoked(cut),
        () = shutdown.cancelled() => End::Refused(Problem::new(ProblemKind::Unavailable, "The server is going away. Your shell goes on; this page reconnects by itself.")),
        end = reader::read(&mut stream, access.lease(), &client, &shared) => end,
        end = writer::write(&mut sink, access.lease(), pane, orders, &shared) => end,
        end = housekeep(&access, &shared, &db) => end,
    };
    tracing::debug!(terminal = %access.id(), user = %access.user(), ?end, "client detached");
    // A viewer that is too slow holds nobody up while it is told so.
    drop(client);
    // The rest of a message goes while whoever cuts still waits for this viewer, so that the reason can follow.
    if shared.state().writing {
        let over = async {
            if matches!(&end, End::Refused(problem) if problem.kind == ProblemKind::TooSlow) {
                let called_away = async {
                    tokio::select! {
                        _ = access.lease().ended() => {}
                        () = shutdown.cancelled() => {}
                    }
                };
                let _ = timeout(patience.rest, called_away).await;
            }
            sleep_until(access.lease().revoked_at().unwrap_or_else(Instant::now) + REST_DEADLINE).await;
        };
        // A timer may be late; the clock is asked before every piece.
        let rest = poll_fn(|cx| match access.lease().revoked_at() {
            Some(at) if at.elapsed() >= REST_DEADLINE => Poll::Ready(false),
            _ => sink.poll_flush_unpin(cx).map(|done| done.is_ok()),
        });
        tokio::select! {
            biased;
            () = over => {}
            done = rest => shared.state().writing = !done,
        }
    }
    let last_input = (access.session(), access.id(), access.lease().last_input());
    // From here on not one byte moves, and whoever waits for the cut may go on.
    drop(access);
    let State { touched, writing, .. } = *shared.state();
    let store = async {
        let (session, terminal, at) = last_input;
        if touched && let Err(error) = db.record_input(session, terminal, at).await {
            tracing::warn!(%error, "the last input was not stored");
        }
    };
    let goodbye = async {
        // After half a message no close frame can be sent without the other half, which would be output.
        if !writing {
            close(&mut sink, &mut stream, &end).await;
        }
    };
    tokio::join!(store, goodbye);
}

/// Says goodbye and waits a moment for the answer.
async fn close(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut futures_util::stream::SplitStream<WebSocket>,
    end: &End,
) {
    let (code, reason) = match end {
        End::Revoked(cut) => (revocation_kind(*cut).close_code(), cut_sentence(*cut).to_owned()),
        End::ShellEnded => (CLOSE_SHELL_ENDED, "The shell ended.".to_owned()),
        End::Refused(problem) => (problem.kind.close_code(), problem.detail.clone()),
        End::Left => return,
    };
    let frame = Message::Close(Some(CloseFrame { code, reason: shortened(reason).into() }));
    let goodbye = async {
        if sink.send(frame).await.is_ok() {
            while stream.next().await.is_some_and(|message| message.is_ok()) {}
        }
    };
    let _ = timeout(CLOSE_DEADLINE, goodbye).await;
}

fn shortened(mut reason: String) -> String {
    let end = (0..=REASON_BYTES_MAX.min(reason.len())).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
    reason.truncate(end);
    reason
}

const fn cut_sentence(cut: Revocation) -> &'static str {
    match cut {
        Revocation::Locked => "This terminal was locked. Enter a code to go on; the shell is still running.",
        Revocation::GrantEnded => "The time after your last code is over. Enter a new one; the shell is still running.",
        Revocation::Deleted => "This terminal is not there any more.",
        Revocation::Stopped => "This terminal was stopped. Start it to go on.",
        Revocation::Unavailable => {
            "The server's database does not answer, so terminals are closed. The shell is still running; this page comes back by itself."
        }
        Revocation::LoginEnded => "Your sign-in has ended. Sign in again; the shell is still running.",
    }
}

/// The Hello frame of this viewer, as things are now.
fn hello(access_until: Option<protocol::Timestamp>, client: &terminal::Client, position: u64) -> ServerFrame {
    let size = client.pane().size();
    ServerFrame::Hello(Hello {
        position,
        cols: size.cols,
        rows: size.rows,
        // Every viewer has the owner's rights: each may type, and the last one who did decides the size.
        writer: true,
        granted_until: access_until,
        pane: client.pane().name().to_owned(),
    })
}

/// Pings, half-open peers, the grant's end, and the last input of login and grant.
async fn housekeep(access: &Authorized<Attach>, shared: &Shared, db: &Db) -> End {
    let pings = async {
        let mut every = interval(shared.patience.ping);
        every.tick().await;
        loop {
            every.tick().await;
            if shared.state().heard_at.elapsed() >= shared.patience.silent {
                return End::Left;
            }
            // With a full queue the writer is stuck, and its own deadline ends it.
            let _ = shared.errands.try_send(Errand::Ping);
        }
    };
    let touches = async {
        loop {
            sleep(TOUCH_EVERY).await;
            if std::mem::take(&mut shared.state().touched)
                && let Err(error) = db.record_input(access.session(), access.id(), access.lease().last_input()).await
            {
                tracing::warn!(%error, "the last input was not stored");
            }
        }
    };
    tokio::select! {
        end = pings => end,
        () = touches => End::Left,
        () = warn(access, shared) => End::Left,
    }
}

/// One warning for each time the grant comes near its end.
async fn warn(access: &Authorized<Attach>, shared: &Shared) {
    let mut warned_for = None;
    loop {
        sleep(Duration::from_secs(1)).await;
        let (Some(until), Some(left)) = (access.lease().granted_until(), access.lease().grant_secs_left()) else {
            continue;
        };
        if left <= i64::from(limits::GRANT_WARNING_SECS) && warned_for != Some(until) {
            warned_for = Some(until);
            // Read for as long as it stands, so it counts no seconds.
            let detail = if access.lease().input_extends_grant() {
                "Access ends within a minute unless you type or enter a code."
            } else {
                "Access ends within a minute, whatever you type. Enter a code to keep it."
            };
            let notice = ServerFrame::Notice(Problem::new(ProblemKind::Locked, detail));
            let _ = shared.errands.try_send(Errand::Frame(notice));
        }
    }
}

fn binary(frame: Vec<u8>) -> Message {
    Message::Binary(Bytes::from(frame))
}
