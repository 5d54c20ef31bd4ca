//! The server's end of the guest link.

use std::{
    collections::HashMap,
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::Instant,
};

use guest_protocol::{FrameBuffer, FromGuest, PaneNumber, ToGuest, VERSION};
use protocol::frame::Size;

use super::DEADLINE;

/// Fields of [`FromGuest::Opened`].
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    pub oldest: u64,
    pub newest: u64,
    pub new_shell: bool,
}

/// The server's end of one connection. It records the output of each pane.
pub struct Server {
    stream: UnixStream,
    buffer: FrameBuffer,
    /// Position after the last byte, and all bytes.
    panes: HashMap<PaneNumber, (u64, Vec<u8>)>,
}

impl Server {
    /// Takes over an accepted connection and checks that its first message is Hello.
    pub fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        let mut server = Self { stream, buffer: FrameBuffer::default(), panes: HashMap::new() };
        assert!(matches!(server.next(), FromGuest::Hello { version: VERSION, .. }));
        server
    }

    pub fn send(&mut self, message: &ToGuest) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.stream.write_all(&bytes).unwrap();
    }

    /// Sends bytes that need not be a frame.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn type_line(&mut self, pane: PaneNumber, line: &str) {
        self.send(&ToGuest::Input { pane, bytes: format!("{line}\r").into_bytes() });
    }

    /// The next message. Output is recorded and must continue the pane's earlier output without a gap.
    pub fn next(&mut self) -> FromGuest {
        let mut chunk = [0; 65536];
        loop {
            if let Some((tag, payload)) = self.buffer.next_frame().unwrap() {
                let message = FromGuest::decode(tag, payload).unwrap();
                if let FromGuest::Output { pane, position, bytes } = &message {
                    let (end, seen) = self.panes.get_mut(pane).expect("output of an open pane");
                    assert_eq!(position, end, "positions have no gap");
                    *end += bytes.len() as u64;
                    seen.extend_from_slice(bytes);
                }
                return message;
            }
            let n = self.stream.read(&mut chunk).expect("a message within the deadline");
            assert!(n > 0, "the guest closed the connection");
            self.buffer.push(&chunk[..n]);
        }
    }

    /// Reads and discards this many bytes as fast as they arrive.
    pub fn discard(&mut self, mut bytes: usize) {
        let mut chunk = vec![0; 1024 * 1024];
        while bytes > 0 {
            let n = self.stream.read(&mut chunk).expect("more bytes within the deadline");
            assert!(n > 0, "the guest closed the connection");
            bytes = bytes.saturating_sub(n);
        }
    }

    /// Waits until the guest closes the connection.
    pub fn wait_closed(&mut self) {
        let mut chunk = [0; 65536];
        while self.stream.read(&mut chunk).is_ok_and(|n| n > 0) {}
    }

    /// Opens a pane and waits for the reply.
    pub fn open(&mut self, pane: PaneNumber, name: &str, size: Size, from: u64) -> Opened {
        self.send(&ToGuest::Open { pane, name: name.into(), size, from });
        loop {
            match self.next() {
                FromGuest::Opened { pane: p, oldest, newest, new_shell } if p == pane => {
                    let first = if from > newest { oldest } else { from.max(oldest) };
                    self.panes.insert(pane, (first, Vec::new()));
                    return Opened { oldest, newest, new_shell };
                }
                FromGuest::OpenFailed { errno, .. } => panic!("open failed: {errno}"),
                _ => {}
            }
        }
    }

    /// Recorded output of a pane.
    pub fn output(&self, pane: PaneNumber) -> &[u8] {
        &self.panes[&pane].1
    }

    /// Position after the last byte of a pane's output.
    pub fn position(&self, pane: PaneNumber) -> u64 {
        self.panes[&pane].0
    }

    /// Reads until `len` bytes of a pane's output are recorded.
    pub fn read_output(&mut self, pane: PaneNumber, len: usize) {
        while self.output(pane).len() < len {
            self.next();
        }
    }

    /// Reads until the pane's output contains `needle` and returns all of the output.
    pub fn read_until(&mut self, pane: PaneNumber, needle: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let seen = String::from_utf8_lossy(self.output(pane)).into_owned();
            if seen.contains(needle) {
                return seen;
            }
            assert!(Instant::now() < end, "waiting for {needle:?}, have {seen:?}");
            self.next();
        }
    }

    /// Reads until the shell has ended and returns its output and exit status.
    pub fn read_until_exit(&mut self, pane: PaneNumber) -> (String, i32) {
        loop {
            match self.next() {
                FromGuest::Exited { pane: p, status } if p == pane => {
                    return (String::from_utf8_lossy(self.output(pane)).into_owned(), status);
                }
                _ => {}
            }
        }
    }
}
