//! A shell process on its own PTY.

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
};

use protocol::frame::Size;
use rustix::{
    fs::OFlags,
    io::Errno,
    process::{Pid, Signal, kill_process, kill_process_group},
    pty::OpenptFlags,
    termios::{InputModes, OptionalActions, Winsize},
};

use crate::{
    account::{Account, login_arg0},
    options::Options,
    sys,
};

/// A shell. It exists until its process is reaped and its output is read to the end.
#[derive(Debug)]
pub struct Shell {
    /// Master side of the PTY, non-blocking.
    master: OwnedFd,
    pid: Pid,
    status: Option<i32>,
    /// No process has the slave side open. Polling the master would then return at once each time.
    hung_up: bool,
}

impl Shell {
    /// Starts the login shell of the configured account on a new PTY of the given size.
    ///
    /// # Errors
    /// The error of the system call that failed.
    pub fn start(options: &Options, size: Size) -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::pty::unlockpt(&master)?;
        let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
        rustix::termios::tcsetwinsize(&master, winsize(size))?;
        let mut modes = rustix::termios::tcgetattr(&slave)?;
        // Erase deletes whole UTF-8 characters in canonical mode.
        modes.input_modes |= InputModes::IUTF8;
        rustix::termios::tcsetattr(&slave, OptionalActions::Now, &modes)?;
        rustix::fs::fcntl_setfl(&master, OFlags::RDWR | OFlags::NONBLOCK)?;
        let account = options.user.as_deref().map(Account::lookup);
        let program = match (&options.shell, &account) {
            (Some(shell), _) => shell.clone(),
            (None, Some(account)) => account.shell.clone(),
            (None, None) => "/bin/sh".into(),
        };
        let mut command = Command::new(&program);
        command.arg0(login_arg0(&program));
        command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("LANG", "C.UTF-8");
        if let Some(account) = &account {
            account.apply(&mut command);
            // Programs that open the PTY by its name (tmux, gpg) need to own it. Fails without CAP_CHOWN.
            let _ = rustix::fs::fchown(&slave, Some(rustix::fs::Uid::from_raw(account.uid)), None);
        }
        command.stdin(Stdio::from(slave.try_clone()?)).stdout(Stdio::from(slave.try_clone()?)).stderr(slave);
        sys::start_in_own_session(&mut command);
        let pid = Pid::from_child(&command.spawn()?);
        Ok(Self { master, pid, status: None, hung_up: false })
    }

    /// Master side of the PTY.
    pub fn pty(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// Sets the window size. The kernel sends SIGWINCH to the foreground process group.
    pub fn resize(&self, size: Size) {
        let _ = rustix::termios::tcsetwinsize(&self.master, winsize(size));
    }

    /// Fills `chunk` as far as output is available. Returns the number of bytes, and whether the PTY is drained.
    pub fn read(&mut self, chunk: &mut [u8]) -> (usize, bool) {
        let mut filled = 0;
        while filled < chunk.len() {
            match rustix::io::read(&self.master, &mut chunk[filled..]) {
                Ok(0) | Err(Errno::AGAIN) => return (filled, true),
                Ok(n) => filled += n,
                Err(Errno::INTR) => {}
                Err(_) => {
                    self.hung_up = true;
                    return (filled, true);
                }
            }
        }
        (filled, false)
    }

    /// Output may be available.
    pub fn is_readable(&self) -> bool {
        !self.hung_up
    }

    /// Exit status; `None` until the process is reaped.
    pub fn status(&self) -> Option<i32> {
        self.status
    }

    /// Records the exit status when `pid` is this shell. The PTY is then read once more, to the end.
    pub fn on_exit(&mut self, pid: Pid, status: i32) -> bool {
        let own = self.pid == pid && self.status.is_none();
        if own {
            self.status = Some(status);
            self.hung_up = false;
        }
        own
    }

    /// Sends a signal to the shell, its process group and the foreground process group of the PTY.
    pub fn signal(&self, signal: Signal) {
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
