//! Input of a pane that the PTY has not accepted yet.

use std::{collections::VecDeque, os::fd::BorrowedFd};

use protocol::limits;
use rustix::io::Errno;

/// Capacity that an empty queue keeps.
const CAPACITY_KEPT_BYTES: usize = 4096;

/// Input in order of arrival, and how much of it was accepted and not yet acknowledged to the server.
#[derive(Debug, Default)]
pub struct InputQueue {
    bytes: VecDeque<u8>,
    unacknowledged: usize,
}

impl InputQueue {
    /// Bytes in the queue.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The queue has no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Writes `bytes` to the PTY and queues what it does not accept at once.
    pub fn write(&mut self, pty: BorrowedFd<'_>, bytes: &[u8]) {
        let mut rest = bytes;
        while self.bytes.is_empty() && !rest.is_empty() {
            match rustix::io::write(pty, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        self.bytes.extend(rest);
        self.unacknowledged += bytes.len() - rest.len();
    }

    /// Writes queued bytes to the PTY. A write error discards them.
    pub fn flush(&mut self, pty: BorrowedFd<'_>) {
        let before = self.bytes.len();
        while !self.bytes.is_empty() {
            match rustix::io::write(pty, self.bytes.as_slices().0) {
                Ok(n) => drop(self.bytes.drain(..n)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => self.bytes.clear(),
            }
        }
        self.unacknowledged += before - self.bytes.len();
        self.bytes.shrink_to(CAPACITY_KEPT_BYTES);
    }

    /// Counts input for a shell that has ended as accepted, so that the server does not wait for it.
    pub fn discard(&mut self, bytes: &[u8]) {
        self.unacknowledged += self.bytes.len() + bytes.len();
        self.bytes.clear();
    }

    /// Starts counting accepted bytes at zero, for a new connection.
    pub fn reset_unacknowledged(&mut self) {
        self.unacknowledged = 0;
    }

    /// The accepted bytes to acknowledge, once there are [`limits::INPUT_ACK_BYTES`] of them.
    pub fn take_ack(&mut self) -> Option<u32> {
        (self.unacknowledged >= limits::INPUT_ACK_BYTES)
            .then(|| u32::try_from(std::mem::take(&mut self.unacknowledged)).unwrap_or(u32::MAX))
    }
}
