//! One pane: a shell on a terminal of its own, its output ring, and the input that waits for it.
//!
//! Reading the terminal and sending to the server are apart: bytes go into the ring first, and from there to whoever
//! is connected, so a shell goes on while the server restarts and the server can ask again for what it lost.

use std::{
    collections::VecDeque,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use guest_protocol::{FromGuest, OutputBuffer, PaneNo};
use protocol::{frame::Size, limits};
use rustix::{
    fs::OFlags,
    io::Errno,
    process::{Pid, Signal, kill_process, kill_process_group},
    pty::OpenptFlags,
    termios::{InputModes, OptionalActions, Winsize},
};

use crate::{
    account::{Account, login_name},
    options::Options,
    sys,
};

/// Bytes read and not yet given to the connection; with more, the terminal is not read.
const AHEAD_BYTES_MAX: u64 = 128 * 1024;
/// With this much output waiting for the server to read, no more is framed.
pub const OUT_BYTES_MAX: usize = 256 * 1024;

/// A pane. It stays after its shell has ended, so that positions go on.
#[derive(Debug)]
pub struct Pane {
    /// Lasting name.
    pub name: String,
    ring: OutputBuffer,
    shell: Option<Shell>,
    /// Exit status the server has not been told.
    untold: Option<i32>,
    input: VecDeque<u8>,
    joined: Option<Joined>,
}

#[derive(Debug)]
struct Shell {
    master: OwnedFd,
    pid: Pid,
    status: Option<i32>,
    /// Nobody holds the other side open; asking again would spin.
    hung_up: bool,
}

/// What one connection has asked of this pane.
#[derive(Debug)]
struct Joined {
    no: PaneNo,
    sent: u64,
    until: u64,
    /// Input taken by the terminal and not yet told.
    taken: usize,
}

impl Pane {
    /// A pane without a shell. Positions start where no earlier pane of this container can have been: at a
    /// thousand times the clock's milliseconds, which fewer bytes than 1 GB/s never catch up with. So a position kept
    /// by a browser from before a restart is never mistaken for one of now, and every one fits JSON's 53 bits.
    pub fn new(name: String) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = u64::try_from(since.as_millis()).unwrap_or(0) << 10;
        Self {
            name,
            ring: OutputBuffer::new(start, limits::RING_BYTES),
            shell: None,
            untold: None,
            input: VecDeque::new(),
            joined: None,
        }
    }

    /// Starts the shell when there is none, and joins the connection to it from position `from` on.
    ///
    /// # Errors
    /// What the kernel said when the shell could not be started.
    pub fn open(&mut self, options: &Options, no: PaneNo, size: Size, from: u64) -> io::Result<FromGuest> {
        // An end that was never told is told first; the next Open starts anew.
        let fresh = self.shell.is_none() && self.untold.is_none();
        if fresh {
            self.shell = Some(Shell::start(options, size)?);
            self.input.clear();
        } else {
            self.resize(size);
        }
        let (oldest, newest) = (self.ring.oldest(), self.ring.newest());
        // A position of the future is of another stream; everything kept is sent then.
        let sent = if from > newest { oldest } else { from.max(oldest) };
        let until = newest + limits::RING_BYTES as u64 / 2;
        self.joined = Some(Joined { no, sent, until, taken: 0 });
        Ok(FromGuest::Opened { pane: no, oldest, newest, fresh })
    }

    /// Number on the present connection.
    pub fn number(&self) -> Option<PaneNo> {
        self.joined.as_ref().map(|j| j.no)
    }

    /// The connection is gone, or gave the number to another pane.
    pub fn leave(&mut self) {
        self.joined = None;
    }

    /// Nothing would be lost by forgetting this pane.
    pub fn forgettable(&self) -> bool {
        self.shell.is_none() && self.joined.is_none()
    }

    /// The terminal may be read up to this position.
    pub fn allow(&mut self, until: u64) {
        if let Some(joined) = &mut self.joined {
            joined.until = until;
        }
    }

    /// Sets the size; the kernel tells the programs.
    pub fn resize(&self, size: Size) {
        if let Some(shell) = &self.shell {
            let _ = rustix::termios::tcsetwinsize(&shell.master, winsize(size));
        }
    }

    /// Takes input. What the terminal does not take at once waits in order. Input for a shell that ended is taken, too:
    /// nobody is to wait for it.
    pub fn input(&mut self, bytes: &[u8]) {
        let Some(shell) = &self.shell else { return self.took(bytes.len()) };
        let mut rest = bytes;
        while self.input.is_empty() && !rest.is_empty() {
            match rustix::io::write(&shell.master, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        self.input.extend(rest);
        self.took(bytes.len() - rest.len());
    }

    fn took(&mut self, bytes: usize) {
        if let Some(joined) = &mut self.joined {
            joined.taken += bytes;
        }
    }

    fn drop_input(&mut self) {
        self.took(self.input.len());
        self.input.clear();
    }

    /// Bytes of input that wait.
    pub fn waiting_input(&self) -> usize {
        self.input.len()
    }

    /// The terminal takes input again.
    pub fn write(&mut self) {
        let Some(shell) = &self.shell else { return self.drop_input() };
        let before = self.input.len();
        while !self.input.is_empty() {
            match rustix::io::write(&shell.master, self.input.as_slices().0) {
                Ok(n) => drop(self.input.drain(..n)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => self.input.clear(),
            }
        }
        self.took(before - self.input.len());
        self.input.shrink_to(4096);
    }

    /// The terminal's descriptor, when something of it is wanted: (descriptor, read, write).
    pub fn wants(&self) -> Option<(BorrowedFd<'_>, bool, bool)> {
        let shell = self.shell.as_ref()?;
        let (read, write) = (self.wants_read(), !self.input.is_empty());
        (read || write).then(|| (shell.master.as_fd(), read, write))
    }

    /// The shell ended and what it left is to be read out.
    pub fn ending(&self) -> bool {
        self.wants_read() && self.shell.as_ref().is_some_and(|s| s.status.is_some())
    }

    fn wants_read(&self) -> bool {
        let newest = self.ring.newest();
        self.shell.as_ref().is_some_and(|s| !s.hung_up)
            && self.joined.as_ref().is_none_or(|j| newest < j.until && newest - j.sent < AHEAD_BYTES_MAX)
    }

    /// Reads what the terminal has, at most a chunk and never past the window.
    pub fn read(&mut self, chunk: &mut [u8]) {
        if !self.wants_read() {
            return;
        }
        let Some(shell) = &mut self.shell else { return };
        let window = self.joined.as_ref().map_or(u64::MAX, |j| j.until - self.ring.newest());
        let max = chunk.len().min(usize::try_from(window).unwrap_or(usize::MAX));
        let mut filled = 0;
        let dry = loop {
            if filled == max {
                break false;
            }
            match rustix::io::read(&shell.master, &mut chunk[filled..max]) {
                Ok(0) => break true,
                Ok(n) => filled += n,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break true,
                Err(_) => {
                    shell.hung_up = true;
                    break true;
                }
            }
        };
        self.ring.push(&chunk[..filled]);
        if let (true, Some(status)) = (dry, shell.status) {
            // Before it says "nothing", the kernel has handed over all that was written: this was the last of it.
            self.shell = None;
            self.untold = Some(status);
            self.drop_input();
        }
    }

    /// Frames what the connection does not have yet, as far as there is room, then the end.
    pub fn pump(&mut self, out: &mut Vec<u8>) {
        let Some(joined) = &mut self.joined else { return };
        if joined.taken >= limits::INPUT_TAKEN_BYTES {
            let bytes = u32::try_from(joined.taken).unwrap_or(u32::MAX);
            FromGuest::Taken { pane: joined.no, bytes }.encode(out);
            joined.taken = 0;
        }
        while joined.sent < self.ring.newest() && out.len() < OUT_BYTES_MAX {
            // What fell out of the ring while the server did not read is lost to it; the position says so.
            joined.sent = joined.sent.max(self.ring.oldest());
            let Some((a, b)) = self.ring.read(joined.sent, limits::OUTPUT_CHUNK_BYTES_MAX) else { return };
            for piece in [a, b] {
                if !piece.is_empty() {
                    FromGuest::encode_output(out, joined.no, joined.sent, piece);
                    joined.sent += piece.len() as u64;
                }
            }
        }
        if self.shell.is_none()
            && joined.sent == self.ring.newest()
            && let Some(status) = self.untold.take()
        {
            FromGuest::Exited { pane: joined.no, status }.encode(out);
            self.joined = None;
        }
    }

    /// The connection does not have everything yet.
    pub fn behind(&self) -> bool {
        self.joined.as_ref().is_some_and(|j| j.sent < self.ring.newest())
    }

    /// Sends SIGHUP to the shell and its foreground process group.
    pub fn hang_up(&mut self) {
        if let Some(shell) = &mut self.shell {
            shell.signal(Signal::HUP);
            shell.signal(Signal::CONT);
        }
    }

    /// A child was reaped; true when it was this pane's shell.
    pub fn reaped(&mut self, pid: Pid, status: i32) -> bool {
        let Some(shell) = self.shell.as_mut().filter(|s| s.pid == pid && s.status.is_none()) else { return false };
        shell.status = Some(status);
        shell.hung_up = false;
        true
    }

    /// A shell runs here.
    pub fn running(&self) -> bool {
        self.shell.is_some()
    }
}

impl Shell {
    fn start(options: &Options, size: Size) -> io::Result<Self> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::unlockpt(&master)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
        rustix::termios::tcsetwinsize(&master, winsize(size))?;
        let mut modes = rustix::termios::tcgetattr(&slave)?;
        // The line editor of the kernel deletes whole characters.
        modes.input_modes |= InputModes::IUTF8;
        rustix::termios::tcsetattr(&slave, OptionalActions::Now, &modes)?;
        rustix::fs::fcntl_setfl(&master, OFlags::RDWR | OFlags::NONBLOCK)?;
        let account = options.user.as_deref().map(Account::of_container);
        let program = match (&options.shell, &account) {
            (Some(shell), _) => shell.clone(),
            (None, Some(account)) => account.shell.clone(),
            (None, None) => "/bin/sh".into(),
        };
        let mut command = Command::new(&program);
        command.arg0(login_name(&program));
        command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("LANG", "C.UTF-8");
        if let Some(account) = &account {
            account.apply(&mut command);
            // Programs that open the terminal by its name (tmux, gpg) need to own it. Without the capability they do not.
            let _ = rustix::fs::fchown(&slave, Some(rustix::fs::Uid::from_raw(account.uid)), None);
        }
        command.stdin(Stdio::from(slave.try_clone()?)).stdout(Stdio::from(slave.try_clone()?)).stderr(slave);
        sys::on_own_terminal(&mut command);
        let pid = Pid::from_child(&command.spawn()?);
        Ok(Self { master, pid, status: None, hung_up: false })
    }

    fn signal(&self, signal: Signal) {
        if self.status.is_none() {
            let _ = kill_process_group(self.pid, signal);
            let _ = kill_process(self.pid, signal);
            if let Ok(foreground) = rustix::termios::tcgetpgrp(&self.master) {
                let _ = kill_process_group(foreground, signal);
            }
        }
    }
}

fn winsize(size: Size) -> Winsize {
    Winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 }
}
