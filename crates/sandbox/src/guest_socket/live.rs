//! The live connection of a guest socket, shared by the socket's task and its callers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guest_protocol::{FromGuest, GuestReport};
use protocol::limits;
use tokio::{
    net::UnixStream,
    sync::{Notify, mpsc, watch},
};

/// Maximum number of queued bytes for the guest. With a full queue, `GuestLink::send` waits.
const QUEUED_BYTES_MAX: usize = 2 * limits::GUEST_FRAME_BYTES_MAX;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) root_allowed: bool,
    slot: Mutex<Slot>,
    /// Number of the live connection. `None` while no guest is connected.
    pub(super) live: watch::Sender<Option<u64>>,
    /// Notified when a connection becomes live.
    pub(super) connected: Notify,
    /// Notified when bytes are queued.
    pub(super) unsent: Notify,
    /// Notified when the queue has room again or its connection ends.
    pub(super) room: Notify,
    /// Number of reports so far, and the latest one.
    pub(super) reports: watch::Sender<(u64, Option<Box<GuestReport>>)>,
}

#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Number of connections so far.
    count: u64,
    stream: Option<Arc<UnixStream>>,
    /// Messages of the guest, until `GuestLink::connect` takes the receiver.
    pub(super) inbox: Option<mpsc::Receiver<FromGuest>>,
    /// Bytes for the guest; the first `written` of them are written.
    pub(super) queued: Vec<u8>,
    pub(super) written: usize,
}

/// Result of [`Shared::try_send`].
pub(super) enum SendResult {
    Accepted,
    QueueFull,
    NotConnected,
}

impl Shared {
    pub(super) fn new(root_allowed: bool) -> Self {
        Self {
            root_allowed,
            slot: Mutex::default(),
            live: watch::Sender::new(None),
            connected: Notify::new(),
            unsent: Notify::new(),
            room: Notify::new(),
            reports: watch::Sender::new((0, None)),
        }
    }

    pub(super) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes directly what the socket accepts, so that input does not wait for another task, and queues the rest.
    pub(super) fn try_send(&self, bytes: &[u8]) -> SendResult {
        let mut slot = self.slot();
        let Some(stream) = slot.stream.clone() else { return SendResult::NotConnected };
        if slot.queued.len() - slot.written >= QUEUED_BYTES_MAX {
            return SendResult::QueueFull;
        }
        let accepted = if slot.queued.is_empty() { stream.try_write(bytes).unwrap_or(0) } else { 0 };
        if accepted < bytes.len() {
            slot.queued.extend_from_slice(&bytes[accepted..]);
            self.unsent.notify_one();
        }
        SendResult::Accepted
    }

    /// Makes `stream` the live connection.
    pub(super) fn set_live(&self, stream: &Arc<UnixStream>, inbox: mpsc::Receiver<FromGuest>) {
        let mut slot = self.slot();
        let count = slot.count + 1;
        *slot = Slot { count, stream: Some(stream.clone()), inbox: Some(inbox), ..Slot::default() };
        drop(slot);
        self.live.send_replace(Some(count));
        self.connected.notify_waiters();
        self.room.notify_waiters();
    }

    /// Ends the live connection.
    pub(super) fn clear_live(&self) {
        let mut slot = self.slot();
        *slot = Slot { count: slot.count, ..Slot::default() };
        drop(slot);
        self.live.send_replace(None);
        self.room.notify_waiters();
    }
}
