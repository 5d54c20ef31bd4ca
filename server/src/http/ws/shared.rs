//! State and types that the reader, the writer and the housekeeping of one socket share.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{body::Bytes, extract::ws::Message};
use protocol::{frame::ServerFrame, limits};
use tokio::{sync::mpsc, time::Instant};

/// Timeouts of one socket.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// A client that accepts no byte for this long is disconnected as too slow.
    pub write: Duration,
    /// Then it has this long to accept the rest of the current message, so that a close frame can follow.
    pub rest: Duration,
    /// Interval of pings.
    pub ping: Duration,
    /// A client from which nothing was received for this long is disconnected.
    pub silent: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            write: Duration::from_secs(20),
            rest: Duration::from_secs(5),
            ping: Duration::from_secs(limits::PING_INTERVAL_SECS),
            silent: Duration::from_secs(limits::CLIENT_TIMEOUT_SECS),
        }
    }
}

/// What the writer sends besides output.
#[derive(Debug)]
pub(super) enum ControlMessage {
    Frame(ServerFrame),
    Ping,
}

/// State shared by reader, writer and housekeeping.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) control: mpsc::Sender<ControlMessage>,
    pub(super) timeouts: Timeouts,
}

#[derive(Debug)]
pub(super) struct State {
    /// When the last message was received.
    pub(super) last_received_at: Instant,
    /// There was input since the last write to the store.
    pub(super) unsaved_input: bool,
    /// A message is partly written: only its rest can be sent next.
    pub(super) writing: bool,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A binary message.
pub(super) fn binary(frame: Vec<u8>) -> Message {
    Message::Binary(Bytes::from(frame))
}
