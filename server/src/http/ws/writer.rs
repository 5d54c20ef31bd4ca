//! The writing side of a socket: output, a redraw when the client fell behind, the exit status after the last byte.
//!
//! Small output after a pause is sent at once, and so is the echo of input. Continuous output is batched for at most
//! two milliseconds.

use std::time::Duration;

use access::{Attach, Authorized};
use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, stream::SplitSink};
use protocol::{
    frame::{Hello, ServerFrame},
    limits,
};
use terminal::{Client, Cursor, Redraw, SendState, ShellState};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    close::Disconnect,
    shared::{ControlMessage, Shared, binary},
};
use crate::problem::ws as texts;

/// Continuous output is batched for this long.
const BATCH: Duration = Duration::from_millis(2);
/// A batch of this size is sent at once.
const BATCH_BYTES: u64 = 16 * 1024;
/// After input, output of at most this size is treated as its echo.
const ECHO_BYTES_MAX: u64 = 4 * 1024;
/// How long after input output is treated as its echo.
const ECHO_WINDOW: Duration = Duration::from_millis(100);
/// The client gets a notice when the guest link is down for longer.
const LINK_DOWN_NOTICE_DELAY: Duration = Duration::from_secs(1);

/// Where the writer reads output.
pub(super) struct Source<'a> {
    pub client: &'a Client,
    pub cursor: Cursor,
    pub changed: watch::Receiver<()>,
}

struct Writer<'a> {
    sink: &'a mut SplitSink<WebSocket, Message>,
    access: &'a Authorized<Attach>,
    source: Source<'a>,
    shared: &'a Shared,
    sent_at: Instant,
    away_notified: bool,
}

/// Writes until the shell exits, the client is too slow, or the lease ends.
pub(super) async fn write(
    sink: &mut SplitSink<WebSocket, Message>,
    access: &Authorized<Attach>,
    source: Source<'_>,
    mut control: mpsc::Receiver<ControlMessage>,
    shared: &Shared,
) -> Disconnect {
    let sent_at = Instant::now() - BATCH;
    let mut writer = Writer { sink, access, source, shared, sent_at, away_notified: false };
    if let Err(reason) = writer.send_hello().await {
        return reason;
    }
    loop {
        let wait = match writer.step().await {
            Ok(wait) => wait,
            Err(reason) => return reason,
        };
        let deadline = match wait {
            NextStep::Now => Some(Instant::now()),
            NextStep::Until(at) => Some(at),
            NextStep::Change => None,
        };
        tokio::select! {
            biased;
            message = control.recv() => {
                let Some(message) = message else { return Disconnect::ClientGone };
                let message = match message {
                    ControlMessage::Frame(frame) => binary(frame.encode()),
                    ControlMessage::Ping => Message::Ping(axum::body::Bytes::new()),
                };
                if let Err(reason) = writer.send(message).await {
                    return reason;
                }
            }
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            changed = writer.source.changed.changed() => if changed.is_err() { return Disconnect::ClientGone },
        }
    }
}

/// When to take the next step.
enum NextStep {
    /// At once.
    Now,
    /// At this instant, or earlier when the pane changes.
    Until(Instant),
    /// When the pane changes.
    Change,
}

impl Writer<'_> {
    /// Sends the Hello frame, which is always the first. The next output starts at its position.
    async fn send_hello(&mut self) -> Result<(), Disconnect> {
        let Source { client, cursor, .. } = &self.source;
        if let Some(next) = cursor.next {
            return self.send(binary(hello(self.access, client, next).encode())).await;
        }
        let redraw = self.redraw().await?;
        let hello = hello(self.access, self.source.client, redraw.position);
        self.send(binary(hello.encode())).await?;
        self.send_redraw(redraw).await
    }

    async fn step(&mut self) -> Result<NextStep, Disconnect> {
        let Source { client, cursor, .. } = &self.source;
        match client.pane().send_state(client.id(), cursor) {
            SendState::Ready { bytes, last_input_at } => {
                if let Some(at) = self.batch_until(bytes, last_input_at) {
                    return Ok(NextStep::Until(at));
                }
                let Some((frame, end)) = client.pane().frame(cursor, bytes) else { return Ok(NextStep::Now) };
                self.send(binary(frame)).await?;
                self.source.cursor.next = Some(end);
                self.sent_at = Instant::now();
                Ok(NextStep::Now)
            }
            SendState::Redraw => {
                let redraw = self.redraw().await?;
                self.send_redraw(redraw).await?;
                Ok(NextStep::Now)
            }
            SendState::AwaitingAck => Ok(NextStep::Change),
            SendState::UpToDate(shell) => self.idle(shell).await,
        }
    }

    /// All output was sent; the rest depends on the state of the shell.
    async fn idle(&mut self, shell: ShellState) -> Result<NextStep, Disconnect> {
        match shell {
            ShellState::Exited(status) => {
                self.send(binary(ServerFrame::Exit(status).encode())).await?;
                Err(Disconnect::ShellEnded)
            }
            ShellState::Closed | ShellState::Failed(_) => Err(Disconnect::Problem(texts::pane_gone())),
            ShellState::Disconnected(since) if !self.away_notified => {
                if since.elapsed() < LINK_DOWN_NOTICE_DELAY {
                    return Ok(NextStep::Until(since + LINK_DOWN_NOTICE_DELAY));
                }
                self.away_notified = true;
                let notice = ServerFrame::Notice(texts::guest_disconnected());
                self.send(binary(notice.encode())).await?;
                Ok(NextStep::Change)
            }
            ShellState::Running => {
                self.away_notified = false;
                Ok(NextStep::Change)
            }
            ShellState::Disconnected(_) | ShellState::Opening => Ok(NextStep::Change),
        }
    }

    fn batch_until(&self, bytes: u64, last_input_at: Option<Instant>) -> Option<Instant> {
        let until = self.sent_at + BATCH;
        let echo = bytes <= ECHO_BYTES_MAX && last_input_at.is_some_and(|at| at.elapsed() < ECHO_WINDOW);
        let now = bytes >= BATCH_BYTES || echo || Instant::now() >= until;
        (!now).then_some(until)
    }

    /// The screen of the pane, with all output that has arrived by now.
    async fn redraw(&self) -> Result<Redraw, Disconnect> {
        let redraw = self.source.client.redraw().await;
        redraw.ok_or_else(|| Disconnect::Problem(texts::shutting_down()))
    }

    async fn send_redraw(&mut self, Redraw { bytes, position }: Redraw) -> Result<(), Disconnect> {
        self.send(binary(ServerFrame::encode_snapshot(position, &bytes))).await?;
        self.source.cursor = Cursor { next: Some(position), redrawn_at: position };
        self.sent_at = Instant::now();
        Ok(())
    }

    /// The only function that sends. It checks the lease immediately before.
    async fn send(&mut self, message: Message) -> Result<(), Disconnect> {
        self.access.lease().check().map_err(Disconnect::Revoked)?;
        self.shared.state().writing = true;
        match timeout(self.shared.timeouts.write, self.sink.send(message)).await {
            Ok(Ok(())) => {
                self.shared.state().writing = false;
                Ok(())
            }
            Ok(Err(_)) => Err(Disconnect::ClientGone),
            Err(_) => Err(Disconnect::Problem(texts::too_slow())),
        }
    }
}

/// The Hello frame of this client.
fn hello(access: &Authorized<Attach>, client: &Client, position: u64) -> ServerFrame {
    let size = client.pane().size();
    ServerFrame::Hello(Hello {
        position,
        cols: size.cols,
        rows: size.rows,
        writer: access.input_right().is_some(),
        granted_until: access.lease().granted_until(),
        pane: client.pane().name().to_owned(),
    })
}

const _: () = assert!(BATCH_BYTES <= limits::OUTPUT_CHUNK_BYTES_MAX as u64);
