//! PID 1: a single-threaded event loop. `poll` is the only call that blocks.

use std::{
    io,
    os::fd::OwnedFd,
    path::Path,
    time::{Duration, Instant},
};

use guest_protocol::{FromGuest, ToGuest};
use protocol::limits;
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::Errno,
    process::DumpableBehavior,
};

use crate::{
    account::Account,
    children,
    guest_link::GuestLink,
    options::Options,
    pane::{OUTBOUND_BYTES_MAX, Pane},
    panes::Panes,
    report,
    sudo::server::SudoServer,
    sys::{self, Signal},
};

/// Time that the shells have after SIGTERM to save their history.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);
/// Interval for retrying to write to a PTY whose input buffer is full, in case `poll` does not report it as writable.
const PTY_WRITE_RETRY: Duration = Duration::from_millis(100);

struct Init {
    options: Options,
    signals: OwnedFd,
    guest_link: GuestLink,
    panes: Panes,
    sudo: SudoServer,
    /// Buffer of all reads.
    chunk: Vec<u8>,
    /// When the process exits although shells are still running.
    exit_at: Option<Instant>,
}

/// Owner of a polled descriptor.
#[derive(Clone, Copy)]
enum Source {
    Signals,
    GuestLink,
    Pane(usize),
    Sudo(usize),
}

/// Runs until the engine stops the container.
///
/// # Errors
/// The signals cannot be received, or `poll` failed.
pub fn run(options: Options) -> io::Result<()> {
    let signals = sys::init_signals()?;
    if rustix::process::getpid().is_init() {
        // Processes of the container cannot trace PID 1 or read it through /proc/1: that needs CAP_SYS_PTRACE, which no
        // profile grants.
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    } else {
        // In tests, which run this program as an ordinary process, it adopts orphans as PID 1 does.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    if let Some(name) = &options.user
        && let Err(error) = Account::lookup(name).prepare_home(Path::new("/etc/skel"))
    {
        eprintln!("rexec-guest: cannot prepare the home directory: {error}");
    }
    let mut init = Init {
        signals,
        guest_link: GuestLink::new(options.guest_link.clone()),
        panes: Panes::default(),
        sudo: SudoServer::bind(&options),
        chunk: vec![0; limits::OUTPUT_CHUNK_BYTES_MAX],
        exit_at: None,
        options,
    };
    while !init.is_finished() {
        init.run_once()?;
    }
    Ok(())
}

impl Init {
    fn is_finished(&self) -> bool {
        self.exit_at.is_some_and(|at| !self.panes.has_shells() || Instant::now() >= at)
    }

    fn run_once(&mut self) -> io::Result<()> {
        self.guest_link.connect_if_due(Instant::now());
        self.sudo.remove_finished();
        for (source, ready) in self.poll()? {
            match source {
                Source::Signals => self.handle_signals(),
                Source::GuestLink => self.handle_guest_link(ready),
                Source::Pane(index) => {
                    if let Some(pane) = self.panes.get_mut(index) {
                        if ready.intersects(PollFlags::OUT) {
                            pane.flush_input();
                        }
                        if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                            pane.read_output(&mut self.chunk);
                        }
                    }
                }
                Source::Sudo(index) => self.sudo.handle_readable(index, &mut self.chunk),
            }
        }
        self.send_pending();
        Ok(())
    }

    /// Sends what the guest link accepts. Output leaves in the same iteration in which it was read.
    fn send_pending(&mut self) {
        if self.guest_link.outbound.len() < OUTBOUND_BYTES_MAX {
            self.panes.encode_pending(&mut self.chunk, &mut self.guest_link.outbound);
        }
        if !self.guest_link.flush() {
            self.disconnect();
        }
    }

    fn disconnect(&mut self) {
        self.guest_link.disconnect(Instant::now());
        self.panes.unsubscribe_all();
    }

    fn poll(&self) -> io::Result<Vec<(Source, PollFlags)>> {
        let mut sources = vec![Source::Signals];
        let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
        if let Some((socket, unsent)) = self.guest_link.socket() {
            // Output that is buffered but not encoded yet also needs the next iteration. Without OUT nothing else may
            // cause one.
            let unsent = unsent || self.panes.iter().any(Pane::has_unsent_output);
            let flags = if unsent { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            sources.push(Source::GuestLink);
            fds.push(PollFd::from_borrowed_fd(socket, flags));
        }
        let mut input_queued = false;
        for (index, pane) in self.panes.iter().enumerate() {
            if let Some((pty, interest)) = pane.poll_interest() {
                let mut flags = PollFlags::empty();
                flags.set(PollFlags::IN, interest.read);
                flags.set(PollFlags::OUT, interest.write);
                input_queued |= interest.write;
                sources.push(Source::Pane(index));
                fds.push(PollFd::from_borrowed_fd(pty, flags));
            }
        }
        for (index, fd) in self.sudo.descriptors() {
            sources.push(Source::Sudo(index));
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        let retry = input_queued.then(|| Instant::now() + PTY_WRITE_RETRY);
        let deadline = [self.guest_link.retry_at(), self.exit_at, retry].into_iter().flatten().min();
        let timeout = deadline.map(|at| timespec(at.saturating_duration_since(Instant::now())));
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = sources.into_iter().zip(fds.iter().map(PollFd::revents)).filter(|(_, r)| !r.is_empty());
        Ok(ready.collect())
    }

    fn handle_signals(&mut self) {
        while let Some(signal) = sys::next_signal(&self.signals) {
            match signal {
                Signal::ChildExited => {
                    while let Some((pid, status)) = children::reap_next() {
                        if !self.panes.on_child_exit(pid, status) {
                            self.sudo.on_child_exit(pid, status);
                        }
                    }
                }
                Signal::Terminate => {
                    self.panes.hang_up();
                    self.exit_at.get_or_insert(Instant::now() + SHUTDOWN_GRACE);
                }
            }
        }
    }

    fn handle_guest_link(&mut self, ready: PollFlags) {
        if !ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return;
        }
        if !self.guest_link.receive(&mut self.chunk) {
            return self.disconnect();
        }
        loop {
            match self.guest_link.next_message() {
                Ok(Some(message)) => self.handle_message(message),
                Ok(None) if self.panes.input_within_limits() => return,
                Ok(None) | Err(_) => return self.disconnect(),
            }
        }
    }

    fn handle_message(&mut self, message: ToGuest) {
        match message {
            ToGuest::Inspect => {
                let report = report::collect(self.options.user.as_deref());
                FromGuest::Report(Box::new(report)).encode(&mut self.guest_link.outbound);
            }
            ToGuest::Policy { root_allowed } => self.sudo.set_root_allowed(root_allowed),
            pane_message => self.panes.handle(&self.options, pane_message, &mut self.guest_link.outbound),
        }
    }
}

fn timespec(left: Duration) -> Timespec {
    // `poll` may return slightly early. With the margin the deadline is past in the next iteration.
    let left = left + Duration::from_micros(50);
    Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(left.subsec_nanos()) }
}
