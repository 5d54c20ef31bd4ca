//! To the browser: output as it comes, a redraw when it fell behind, the exit status after the last byte.
//!
//! A lone small piece goes out at once, and so does one that follows input, because that is the echo; in a flood pieces
//! are gathered for at most two milliseconds.

use std::time::Duration;

use access::Lease;
use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, stream::SplitSink};
use protocol::{Problem, ProblemKind, frame::ServerFrame, limits};
use terminal::{Client, Cursor, Phase, Progress};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{End, Errand, Shared, binary, hello};

/// Pieces of a flood are gathered for this long.
const GATHER: Duration = Duration::from_millis(2);
/// This much is worth a message of its own, however soon.
const GATHER_BYTES: u64 = 16 * 1024;
/// After input, a piece of at most this size is taken for its echo.
const ECHO_BYTES_MAX: u64 = 4 * 1024;
/// For this long after input.
const ECHO_WITHIN: Duration = Duration::from_millis(100);
/// A guest that is away for longer is worth a notice; a short loss is nobody's business.
const AWAY_AFTER: Duration = Duration::from_secs(1);
/// Steps in which the screen model may come near before it is fed without a pause.
const REDRAW_STEPS: u32 = 128;

/// What is written from.
pub(super) struct Feed<'a> {
    pub client: &'a Client,
    pub cursor: Cursor,
    pub changed: watch::Receiver<()>,
}

struct Writer<'a> {
    sink: &'a mut SplitSink<WebSocket, Message>,
    lease: &'a Lease,
    feed: Feed<'a>,
    shared: &'a Shared,
    sent_at: Instant,
    told_away: bool,
}

/// Writes until the shell has ended, the peer is too slow, or the lease ends.
pub(super) async fn write(
    sink: &mut SplitSink<WebSocket, Message>,
    lease: &Lease,
    feed: Feed<'_>,
    mut orders: mpsc::Receiver<Errand>,
    shared: &Shared,
) -> End {
    let sent_at = Instant::now() - GATHER;
    let mut writer = Writer { sink, lease, feed, shared, sent_at, told_away: false };
    match writer.greet().await {
        Ok(()) => {}
        Err(end) => return end,
    }
    loop {
        let wait = match writer.step().await {
            Ok(wait) => wait,
            Err(end) => return end,
        };
        let deadline = match wait {
            Wait::Not => Some(Instant::now()),
            Wait::Until(at) => Some(at),
            Wait::Change => None,
        };
        tokio::select! {
            biased;
            errand = orders.recv() => {
                let Some(errand) = errand else { return End::Left };
                let message = match errand {
                    Errand::Frame(frame) => binary(frame.encode()),
                    Errand::Ping => Message::Ping(axum::body::Bytes::new()),
                };
                if let Err(end) = writer.send(message).await {
                    return end;
                }
            }
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            changed = writer.feed.changed.changed() => if changed.is_err() { return End::Left },
        }
    }
}

/// When to look again.
enum Wait {
    /// There is more to do now.
    Not,
    /// At the latest then, or when something changes.
    Until(Instant),
    /// When something changes.
    Change,
}

impl Writer<'_> {
    /// Hello, always first; its position is where the next frame goes on.
    async fn greet(&mut self) -> Result<(), End> {
        let Feed { client, cursor, .. } = &self.feed;
        if let Some(next) = cursor.next {
            return self.send(binary(hello(self.lease.granted_until(), client, next).encode())).await;
        }
        let (bytes, position) = self.screen().await;
        let hello = hello(self.lease.granted_until(), self.feed.client, position);
        self.send(binary(hello.encode())).await?;
        self.send_redraw(bytes, position).await
    }

    async fn step(&mut self) -> Result<Wait, End> {
        let Feed { client, cursor, .. } = &self.feed;
        match client.pane().progress(client.id(), cursor) {
            Progress::Ready { bytes, input_at } => {
                if let Some(at) = self.gather_until(bytes, input_at) {
                    return Ok(Wait::Until(at));
                }
                let Some((frame, end)) = client.pane().frame(cursor, bytes) else { return Ok(Wait::Not) };
                self.send(binary(frame)).await?;
                self.feed.cursor.next = Some(end);
                self.sent_at = Instant::now();
                Ok(Wait::Not)
            }
            Progress::Redraw => {
                let (bytes, position) = self.screen().await;
                self.send_redraw(bytes, position).await?;
                Ok(Wait::Not)
            }
            Progress::Held => Ok(Wait::Change),
            Progress::UpToDate(phase) => self.idle(phase).await,
        }
    }

    /// Everything was sent: what the phase asks for.
    async fn idle(&mut self, phase: Phase) -> Result<Wait, End> {
        match phase {
            Phase::Ended(status) => {
                self.send(binary(ServerFrame::Exit(status).encode())).await?;
                Err(End::ShellEnded)
            }
            Phase::Gone | Phase::Failed(_) => {
                let detail = "The terminal's container was started anew; this shell is over. Reconnect for a new one.";
                Err(End::Refused(Problem::new(ProblemKind::Unavailable, detail)))
            }
            Phase::Away(since) if !self.told_away => {
                if since.elapsed() < AWAY_AFTER {
                    return Ok(Wait::Until(since + AWAY_AFTER));
                }
                self.told_away = true;
                let detail = "The terminal does not answer at the moment. What you type now is lost.";
                let notice = ServerFrame::Notice(Problem::new(ProblemKind::Unavailable, detail));
                self.send(binary(notice.encode())).await?;
                Ok(Wait::Change)
            }
            Phase::Live => {
                self.told_away = false;
                Ok(Wait::Change)
            }
            Phase::Away(_) | Phase::Opening => Ok(Wait::Change),
        }
    }

    fn gather_until(&self, bytes: u64, input_at: Option<Instant>) -> Option<Instant> {
        let until = self.sent_at + GATHER;
        let echo = bytes <= ECHO_BYTES_MAX && input_at.is_some_and(|at| at.elapsed() < ECHO_WITHIN);
        let now = bytes >= GATHER_BYTES || echo || Instant::now() >= until;
        (!now).then_some(until)
    }

    /// The redraw, made in steps so that nobody else waits for the parsing.
    async fn screen(&self) -> (Vec<u8>, u64) {
        let mut step = 0;
        loop {
            step += 1;
            if let Some(screen) = self.feed.client.pane().redraw(step > REDRAW_STEPS) {
                return screen;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn send_redraw(&mut self, bytes: Vec<u8>, position: u64) -> Result<(), End> {
        self.send(binary(ServerFrame::Snapshot { position, bytes }.encode())).await?;
        self.feed.cursor = Cursor { next: Some(position), redrawn_at: position };
        self.sent_at = Instant::now();
        Ok(())
    }

    /// The one place where bytes leave: the lease is asked immediately before.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        self.lease.check().map_err(End::Revoked)?;
        self.shared.state().writing = true;
        match timeout(self.shared.patience.write, self.sink.send(message)).await {
            Ok(Ok(())) => {
                self.shared.state().writing = false;
                Ok(())
            }
            Ok(Err(_)) => Err(End::Left),
            Err(_) => {
                let detail = "This connection takes less than the terminal puts out. It reconnects with a redraw.";
                Err(End::Refused(Problem::new(ProblemKind::TooSlow, detail)))
            }
        }
    }
}

const _: () = assert!(GATHER_BYTES <= limits::OUTPUT_CHUNK_BYTES_MAX as u64);
