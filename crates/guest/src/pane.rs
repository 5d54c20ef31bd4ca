//! A pane: a shell, its output buffer, and the input that the PTY has not accepted yet.
//!
//! Output is read from the PTY into the output buffer, and sent to the server from there. A shell therefore keeps
//! running while the server restarts, and the server can request the output that it missed.

use std::{
    io,
    os::fd::BorrowedFd,
    time::{SystemTime, UNIX_EPOCH},
};

use guest_protocol::{FromGuest, OutputBuffer, PaneNumber};
use protocol::{frame::Size, limits};
use rustix::process::{Pid, Signal};

use crate::{input_queue::InputQueue, options::Options, shell::Shell};

/// With more unsent output than this the PTY is not read.
const UNSENT_BYTES_MAX: u64 = 128 * 1024;
/// With more encoded output than this waiting in the guest link no further frames are encoded.
pub const OUTBOUND_BYTES_MAX: usize = 256 * 1024;

/// A pane. It outlives its shell, so that the positions of the next shell continue from there.
#[derive(Debug)]
pub struct Pane {
    /// Permanent name.
    pub name: String,
    output: OutputBuffer,
    shell: Option<Shell>,
    /// Exit status that is not reported to the server yet.
    unreported_status: Option<i32>,
    input: InputQueue,
    subscription: Option<Subscription>,
}

/// What the current connection requested of this pane.
#[derive(Debug)]
struct Subscription {
    number: PaneNumber,
    /// Position after the last byte that was sent.
    sent: u64,
    /// Position up to which the PTY may be read.
    until: u64,
}

/// What to poll a pane's PTY for.
#[derive(Debug, Clone, Copy)]
pub struct Interest {
    /// Output can be buffered.
    pub read: bool,
    /// Input is queued.
    pub write: bool,
}

impl Pane {
    /// A pane without a shell.
    ///
    /// Positions start at 1024 times the clock's milliseconds, which less than 1 MB/s of output on average never
    /// catches up with. A position that a browser kept from before a restart of the container is therefore never a
    /// position of the new stream. Each position fits into the 53 bits of a JSON number.
    pub fn new(name: String) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = u64::try_from(since.as_millis()).unwrap_or(0) << 10;
        Self {
            name,
            output: OutputBuffer::new(start, limits::OUTPUT_BUFFER_BYTES),
            shell: None,
            unreported_status: None,
            input: InputQueue::default(),
            subscription: None,
        }
    }

    /// Subscribes the connection to the output from position `from` on. Starts a shell when none runs.
    ///
    /// # Errors
    /// The error of the system call that failed when the shell could not be started.
    pub fn open(&mut self, options: &Options, number: PaneNumber, size: Size, from: u64) -> io::Result<FromGuest> {
        // An exit status that the server does not have is reported first. The next Open starts a new shell.
        let new_shell = self.shell.is_none() && self.unreported_status.is_none();
        if new_shell {
            self.shell = Some(Shell::start(options, size)?);
            self.input = InputQueue::default();
        } else {
            self.resize(size);
        }
        self.input.reset_unacknowledged();
        let (oldest, newest) = (self.output.oldest(), self.output.newest());
        // A position after the newest byte belongs to another stream. The whole buffer is sent then.
        let sent = if from > newest { oldest } else { from.max(oldest) };
        let until = newest + limits::OUTPUT_BUFFER_BYTES as u64 / 2;
        self.subscription = Some(Subscription { number, sent, until });
        Ok(FromGuest::Opened { pane: number, oldest, newest, new_shell })
    }

    /// Number of the pane on the current connection. `None` when the connection has not opened it.
    pub fn number(&self) -> Option<PaneNumber> {
        self.subscription.as_ref().map(|s| s.number)
    }

    /// Ends the subscription: the connection is lost, or assigned the number to another pane.
    pub fn unsubscribe(&mut self) {
        self.subscription = None;
    }

    /// The pane has no shell and no subscription and can be removed.
    pub fn is_unused(&self) -> bool {
        self.shell.is_none() && self.subscription.is_none()
    }

    /// A shell runs in this pane.
    pub fn has_shell(&self) -> bool {
        self.shell.is_some()
    }

    /// Allows reading the PTY up to this position.
    pub fn set_window(&mut self, until: u64) {
        if let Some(subscription) = &mut self.subscription {
            subscription.until = until;
        }
    }

    /// Sets the window size of the PTY.
    pub fn resize(&self, size: Size) {
        if let Some(shell) = &self.shell {
            shell.resize(size);
        }
    }

    /// Writes input to the PTY. What the PTY does not accept at once is queued.
    pub fn write_input(&mut self, bytes: &[u8]) {
        match &self.shell {
            Some(shell) => self.input.write(shell.pty(), bytes),
            None => self.input.discard(bytes),
        }
    }

    /// Writes queued input after the PTY became writable.
    pub fn flush_input(&mut self) {
        match &self.shell {
            Some(shell) => self.input.flush(shell.pty()),
            None => self.input.discard(&[]),
        }
    }

    /// Bytes of input in the queue.
    pub fn queued_input(&self) -> usize {
        self.input.len()
    }

    /// The PTY and what to poll it for. `None` when there is nothing to poll for.
    pub fn poll_interest(&self) -> Option<(BorrowedFd<'_>, Interest)> {
        let shell = self.shell.as_ref()?;
        let interest = Interest { read: self.can_read(), write: !self.input.is_empty() };
        (interest.read || interest.write).then(|| (shell.pty(), interest))
    }

    /// The shell has ended and its output is not read to the end yet.
    pub fn is_draining(&self) -> bool {
        self.can_read() && self.shell.as_ref().is_some_and(|s| s.status().is_some())
    }

    fn can_read(&self) -> bool {
        let newest = self.output.newest();
        self.shell.as_ref().is_some_and(Shell::is_readable)
            && self.subscription.as_ref().is_none_or(|s| newest < s.until && newest - s.sent < UNSENT_BYTES_MAX)
    }

    /// Reads available output into the buffer, at most one chunk and never past the window.
    pub fn read_output(&mut self, chunk: &mut [u8]) {
        if !self.can_read() {
            return;
        }
        let Some(shell) = &mut self.shell else { return };
        let window = self.subscription.as_ref().map_or(u64::MAX, |s| s.until - self.output.newest());
        let max = chunk.len().min(usize::try_from(window).unwrap_or(usize::MAX));
        let (len, drained) = shell.read(&mut chunk[..max]);
        self.output.push(&chunk[..len]);
        // A PTY without available output after the exit has delivered everything that was written to it.
        if let (true, Some(status)) = (drained, shell.status()) {
            self.shell = None;
            self.unreported_status = Some(status);
            self.input.discard(&[]);
        }
    }

    /// Encodes the messages that the connection does not have yet, as far as `out` has room: acknowledged input, output
    /// and, after the last output, the exit status.
    pub fn encode_pending(&mut self, out: &mut Vec<u8>) {
        let Some(subscription) = &mut self.subscription else { return };
        let pane = subscription.number;
        if let Some(bytes) = self.input.take_ack() {
            FromGuest::InputAck { pane, bytes }.encode(out);
        }
        while subscription.sent < self.output.newest() && out.len() < OUTBOUND_BYTES_MAX {
            // Output that was dropped from the buffer before it could be sent is a gap, which the position shows.
            subscription.sent = subscription.sent.max(self.output.oldest());
            let Some((a, b)) = self.output.read(subscription.sent, limits::OUTPUT_CHUNK_BYTES_MAX) else { return };
            for piece in [a, b] {
                if !piece.is_empty() {
                    FromGuest::encode_output(out, pane, subscription.sent, piece);
                    subscription.sent += piece.len() as u64;
                }
            }
        }
        if self.shell.is_none()
            && subscription.sent == self.output.newest()
            && let Some(status) = self.unreported_status.take()
        {
            FromGuest::Exited { pane, status }.encode(out);
            self.subscription = None;
        }
    }

    /// The connection does not have all of the output yet.
    pub fn has_unsent_output(&self) -> bool {
        self.subscription.as_ref().is_some_and(|s| s.sent < self.output.newest())
    }

    /// Sends SIGHUP to the shell and its foreground process group, and resumes them when they are stopped.
    pub fn hang_up(&mut self) {
        if let Some(shell) = &self.shell {
            shell.signal(Signal::HUP);
            shell.signal(Signal::CONT);
        }
    }

    /// Records the exit status of a reaped child. True when it was this pane's shell.
    pub fn on_child_exit(&mut self, pid: Pid, status: i32) -> bool {
        self.shell.as_mut().is_some_and(|shell| shell.on_exit(pid, status))
    }
}
