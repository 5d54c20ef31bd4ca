//! The connection to the server: dialled for ever, never waited for.

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

const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_LAST: Duration = Duration::from_secs(1);

/// The link's socket and what waits on either side of it.
#[derive(Debug)]
pub struct Link {
    path: PathBuf,
    boot: u64,
    stream: Option<OwnedFd>,
    inbound: FrameBuffer,
    /// Frames to be sent; the first `sent` bytes of it are gone.
    pub out: Vec<u8>,
    sent: usize,
    retry_at: Instant,
    pause: Duration,
}

impl Link {
    /// A link that dials at once.
    pub fn new(path: PathBuf) -> Self {
        let mut boot = [0; 8];
        let _ = rustix::rand::getrandom(&mut boot, rustix::rand::GetRandomFlags::empty());
        Self {
            path,
            boot: u64::from_ne_bytes(boot),
            stream: None,
            inbound: FrameBuffer::default(),
            out: Vec::new(),
            sent: 0,
            retry_at: Instant::now(),
            pause: RETRY_FIRST,
        }
    }

    /// The socket, and whether something waits to be sent.
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.stream.as_ref().map(|s| (s.as_fd(), self.sent < self.out.len()))
    }

    /// When to dial next; `None` while connected.
    pub fn retry_at(&self) -> Option<Instant> {
        self.stream.is_none().then_some(self.retry_at)
    }

    /// Dials when it is time to.
    pub fn dial_if_due(&mut self, now: Instant) {
        if self.stream.is_some() || now < self.retry_at {
            return;
        }
        match self.dial() {
            Ok(stream) => {
                self.stream = Some(stream);
                self.inbound = FrameBuffer::default();
                self.out.clear();
                self.sent = 0;
                FromGuest::Hello { version: VERSION, boot: self.boot }.encode(&mut self.out);
            }
            Err(_) => {
                self.retry_at = now + self.pause;
                self.pause = (self.pause * 2).min(RETRY_LAST);
            }
        }
    }

    fn dial(&self) -> Result<OwnedFd, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(&self.path)?)?;
        Ok(socket)
    }

    /// Reads once. False when the connection is lost.
    #[must_use]
    pub fn receive(&mut self, chunk: &mut [u8]) -> bool {
        let Some(stream) = &self.stream else { return false };
        match rustix::io::read(stream, &mut *chunk) {
            Ok(0) => false,
            Ok(n) => {
                // The server reads what is sent to it: it is there, and the next loss is retried quickly.
                self.pause = RETRY_FIRST;
                self.inbound.push(&chunk[..n]);
                true
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            Err(_) => false,
        }
    }

    /// The next whole message that was read.
    ///
    /// # Errors
    /// [`FrameError`]: the connection cannot be used any more.
    pub fn next(&mut self) -> Result<Option<ToGuest>, FrameError> {
        match self.inbound.next_frame()? {
            Some((tag, payload)) => ToGuest::decode(tag, payload).map(Some),
            None => Ok(None),
        }
    }

    /// Sends what the socket takes. False when the connection is lost.
    #[must_use]
    pub fn flush(&mut self) -> bool {
        let Some(stream) = &self.stream else { return true };
        while self.sent < self.out.len() {
            match rustix::net::send(stream, &self.out[self.sent..], rustix::net::SendFlags::NOSIGNAL) {
                Ok(n) => self.sent += n,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => return false,
            }
        }
        self.out.drain(..self.sent);
        self.sent = 0;
        true
    }

    /// Lets the connection go; dials again soon.
    pub fn lose(&mut self, now: Instant) {
        self.stream = None;
        self.out.clear();
        self.sent = 0;
        self.retry_at = now + self.pause;
        self.pause = (self.pause * 2).min(RETRY_LAST);
    }
}
