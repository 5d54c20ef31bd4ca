//! The connection to the server. The guest reconnects for as long as it runs and never blocks on the socket.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
    time::{Duration, Instant},
};

use guest_protocol::{FrameBuffer, FrameError, FromGuest, ToGuest, VERSION};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType},
};

const RETRY_DELAY_MIN: Duration = Duration::from_millis(20);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(1);

/// The socket of the guest link with its input and output buffers.
#[derive(Debug)]
pub struct GuestLink {
    path: PathBuf,
    boot_id: u64,
    socket: Option<OwnedFd>,
    inbound: FrameBuffer,
    /// Encoded frames. The first `sent` bytes are already sent.
    pub outbound: Vec<u8>,
    sent: usize,
    retry_at: Instant,
    retry_delay: Duration,
}

impl GuestLink {
    /// A disconnected guest link whose first attempt to connect is due at once.
    pub fn new(path: PathBuf) -> Self {
        let mut boot_id = [0; 8];
        let _ = rustix::rand::getrandom(&mut boot_id, rustix::rand::GetRandomFlags::empty());
        Self {
            path,
            boot_id: u64::from_ne_bytes(boot_id),
            socket: None,
            inbound: FrameBuffer::default(),
            outbound: Vec::new(),
            sent: 0,
            retry_at: Instant::now(),
            retry_delay: RETRY_DELAY_MIN,
        }
    }

    /// The connected socket, and whether `outbound` has bytes to send.
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.socket.as_ref().map(|s| (s.as_fd(), self.sent < self.outbound.len()))
    }

    /// When to connect next. `None` while connected.
    pub fn retry_at(&self) -> Option<Instant> {
        self.socket.is_none().then_some(self.retry_at)
    }

    /// Connects when the next attempt is due.
    pub fn connect_if_due(&mut self, now: Instant) {
        if self.socket.is_some() || now < self.retry_at {
            return;
        }
        match self.connect() {
            Ok(socket) => {
                self.socket = Some(socket);
                self.inbound = FrameBuffer::default();
                self.outbound.clear();
                self.sent = 0;
                FromGuest::Hello { version: VERSION, boot_id: self.boot_id }.encode(&mut self.outbound);
            }
            Err(_) => self.schedule_retry(now),
        }
    }

    fn connect(&self) -> Result<OwnedFd, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(&self.path)?)?;
        Ok(socket)
    }

    fn schedule_retry(&mut self, now: Instant) {
        self.retry_at = now + self.retry_delay;
        self.retry_delay = (self.retry_delay * 2).min(RETRY_DELAY_MAX);
    }

    /// Reads once from the socket. False when the connection is lost.
    #[must_use]
    pub fn receive(&mut self, chunk: &mut [u8]) -> bool {
        let Some(socket) = &self.socket else { return false };
        match rustix::io::read(socket, &mut *chunk) {
            Ok(0) => false,
            Ok(n) => {
                // The server responds, so the backoff starts again after the next loss.
                self.retry_delay = RETRY_DELAY_MIN;
                self.inbound.push(&chunk[..n]);
                true
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            Err(_) => false,
        }
    }

    /// The next complete message that was received.
    ///
    /// # Errors
    /// [`FrameError`]. The connection must be closed.
    pub fn next_message(&mut self) -> Result<Option<ToGuest>, FrameError> {
        match self.inbound.next_frame()? {
            Some((tag, payload)) => ToGuest::decode(tag, payload).map(Some),
            None => Ok(None),
        }
    }

    /// Sends as much as the socket accepts. False when the connection is lost.
    #[must_use]
    pub fn flush(&mut self) -> bool {
        let Some(socket) = &self.socket else { return true };
        while self.sent < self.outbound.len() {
            match rustix::net::send(socket, &self.outbound[self.sent..], rustix::net::SendFlags::NOSIGNAL) {
                Ok(n) => self.sent += n,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => return false,
            }
        }
        self.outbound.drain(..self.sent);
        self.sent = 0;
        true
    }

    /// Closes the connection and schedules the next attempt.
    pub fn disconnect(&mut self, now: Instant) {
        self.socket = None;
        self.outbound.clear();
        self.sent = 0;
        self.schedule_retry(now);
    }
}
