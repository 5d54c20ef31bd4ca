//! PID 1: one thread, one poll, no waiting anywhere else.

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
    link::Link,
    options::Options,
    pane::{OUT_BYTES_MAX, Pane},
    panes::Panes,
    report,
    sudo::desk::Desk,
    sys::{self, Signal},
};

/// After the engine asked for the end, shells have this long to save their history.
const END_GRACE: Duration = Duration::from_millis(500);
/// A full terminal is tried again this often, should the kernel not say that it has room.
const FULL_RETRY: Duration = Duration::from_millis(100);

struct Init {
    options: Options,
    signals: OwnedFd,
    link: Link,
    panes: Panes,
    desk: Desk,
    chunk: Vec<u8>,
    end_at: Option<Instant>,
}

/// What a polled descriptor belongs to.
#[derive(Clone, Copy)]
enum Source {
    Signals,
    Link,
    Pane(usize),
    Desk(usize),
}

/// Runs until the engine asks for the end.
///
/// # Errors
/// When signals cannot be had or poll itself fails.
pub fn run(options: Options) -> io::Result<()> {
    let signals = sys::signal_descriptor()?;
    if rustix::process::getpid().is_init() {
        // Nobody in the container may stop, read or change PID 1 through ptrace or /proc/1: that takes a capability that
        // the profile does not leave to anybody.
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    } else {
        // Under a test: orphans come here as they do to PID 1.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    if let Some(name) = &options.user
        && let Err(error) = Account::of_container(name).prepare_home(Path::new("/etc/skel"))
    {
        eprintln!("rexec-guest: the home directory could not be prepared: {error}");
    }
    let desk = Desk::open(&options);
    let link = Link::new(options.link.clone());
    let chunk = vec![0; limits::OUTPUT_CHUNK_BYTES_MAX];
    let mut init = Init { options, signals, link, panes: Panes::default(), desk, chunk, end_at: None };
    while !init.over() {
        init.turn()?;
    }
    Ok(())
}

impl Init {
    fn over(&self) -> bool {
        self.end_at.is_some_and(|at| !self.panes.running() || Instant::now() >= at)
    }

    fn turn(&mut self) -> io::Result<()> {
        let now = Instant::now();
        self.link.dial_if_due(now);
        self.desk.tidy();
        for (source, ready) in self.wait()? {
            match source {
                Source::Signals => self.signals(),
                Source::Link => self.link(ready),
                Source::Pane(place) => {
                    if let Some(pane) = self.panes.at(place) {
                        if ready.intersects(PollFlags::OUT) {
                            pane.write();
                        }
                        if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                            pane.read(&mut self.chunk);
                        }
                    }
                }
                Source::Desk(place) => self.desk.ready(place, &mut self.chunk),
            }
        }
        self.settle();
        Ok(())
    }

    /// Sends what there is to send; an echo leaves in the same turn in which it was read.
    fn settle(&mut self) {
        if self.link.out.len() < OUT_BYTES_MAX {
            self.panes.pump(&mut self.chunk, &mut self.link.out);
        }
        if !self.link.flush() {
            self.lose();
        }
    }

    fn lose(&mut self) {
        self.link.lose(Instant::now());
        self.panes.leave();
    }

    fn wait(&self) -> io::Result<Vec<(Source, PollFlags)>> {
        let mut sources = vec![Source::Signals];
        let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
        if let Some((socket, unsent)) = self.link.socket() {
            // Also when all that was framed is gone: what the ring still has is framed in the next turn, and nothing
            // else may come to wake this one.
            let unsent = unsent || self.panes.iter().any(Pane::behind);
            let flags = if unsent { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            sources.push(Source::Link);
            fds.push(PollFd::from_borrowed_fd(socket, flags));
        }
        let mut full = false;
        for (place, pane) in self.panes.iter().enumerate() {
            if let Some((terminal, read, write)) = pane.wants() {
                let mut flags = if read { PollFlags::IN } else { PollFlags::empty() };
                flags.set(PollFlags::OUT, write);
                full |= write;
                sources.push(Source::Pane(place));
                fds.push(PollFd::from_borrowed_fd(terminal, flags));
            }
        }
        for (place, fd) in self.desk.descriptors() {
            sources.push(Source::Desk(place));
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        let retry = full.then(|| Instant::now() + FULL_RETRY);
        let until = [self.link.retry_at(), self.end_at, retry].into_iter().flatten().min();
        let timeout = until.map(|at| timespec(at.saturating_duration_since(Instant::now())));
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = sources.into_iter().zip(fds.iter().map(PollFd::revents)).filter(|(_, r)| !r.is_empty());
        Ok(ready.collect())
    }

    fn signals(&mut self) {
        while let Some(signal) = sys::next_signal(&self.signals) {
            match signal {
                Signal::Child => {
                    while let Some((pid, status)) = children::next_ended() {
                        if !self.panes.reaped(pid, status) {
                            self.desk.reaped(pid, status);
                        }
                    }
                }
                Signal::End => {
                    self.panes.hang_up();
                    self.end_at.get_or_insert(Instant::now() + END_GRACE);
                }
            }
        }
    }

    fn link(&mut self, ready: PollFlags) {
        if !ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return;
        }
        if !self.link.receive(&mut self.chunk) {
            return self.lose();
        }
        loop {
            match self.link.next() {
                Ok(Some(message)) => self.obey(message),
                Ok(None) if self.panes.within_bounds() => return,
                Ok(None) | Err(_) => return self.lose(),
            }
        }
    }

    fn obey(&mut self, message: ToGuest) {
        match message {
            ToGuest::Inspect => {
                let seen = report::look(self.options.user.as_deref());
                FromGuest::Report(Box::new(seen)).encode(&mut self.link.out);
            }
            ToGuest::Policy { root_allowed } => self.desk.allow_root(root_allowed),
            about_a_pane => self.panes.handle(&self.options, about_a_pane, &mut self.link.out),
        }
    }
}

fn timespec(left: Duration) -> Timespec {
    // Rounded up by the nanoseconds poll may lose, so that a turn at the deadline finds it over.
    let left = left + Duration::from_micros(50);
    Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(left.subsec_nanos()) }
}
