//! The panes of this container.

use guest_protocol::{FromGuest, PaneNumber, ToGuest};
use protocol::limits;
use rustix::process::Pid;

use crate::{options::Options, pane::Pane};

/// Twice the input that the server may send ahead of what a pane has accepted.
const QUEUED_INPUT_BYTES_MAX: usize = 2 * limits::INPUT_IN_FLIGHT_BYTES_MAX;

/// At most [`limits::PANES_MAX`] panes.
#[derive(Debug, Default)]
pub struct Panes {
    list: Vec<Pane>,
}

impl Panes {
    /// Handles a message about a pane. Replies are appended to `out`.
    pub fn handle(&mut self, options: &Options, message: ToGuest, out: &mut Vec<u8>) {
        match message {
            ToGuest::Open { pane, name, size, from } => {
                let opened = self
                    .find_or_create(pane, name)
                    .and_then(|p| p.open(options, pane, size, from).map_err(|e| e.raw_os_error().unwrap_or(libc::EIO)));
                opened.unwrap_or_else(|errno| FromGuest::OpenFailed { pane, errno }).encode(out);
            }
            ToGuest::Input { pane, bytes } => self.with_pane(pane, |p| p.write_input(&bytes)),
            ToGuest::Resize { pane, size } => self.with_pane(pane, |p| p.resize(size)),
            ToGuest::Window { pane, until } => self.with_pane(pane, |p| p.set_window(until)),
            ToGuest::Inspect | ToGuest::Policy { .. } => {}
        }
    }

    /// The pane named `name`, created when it does not exist. The number is removed from any other pane.
    ///
    /// # Errors
    /// `EUSERS` when there are [`limits::PANES_MAX`] panes and all of them are used.
    fn find_or_create(&mut self, number: PaneNumber, name: String) -> Result<&mut Pane, i32> {
        for other in &mut self.list {
            if other.number() == Some(number) && other.name != name {
                other.unsubscribe();
            }
        }
        let at = match self.list.iter().position(|p| p.name == name) {
            Some(at) => at,
            None => {
                if self.list.len() >= limits::PANES_MAX {
                    let unused = self.list.iter().position(Pane::is_unused).ok_or(libc::EUSERS)?;
                    self.list.remove(unused);
                }
                self.list.push(Pane::new(name));
                self.list.len() - 1
            }
        };
        Ok(&mut self.list[at])
    }

    /// Ignores a number that is not open on this connection: the pane may have ended while the message was in transit.
    fn with_pane(&mut self, number: PaneNumber, act: impl FnOnce(&mut Pane)) {
        if let Some(pane) = self.list.iter_mut().find(|p| p.number() == Some(number)) {
            act(pane);
        }
    }

    /// All panes.
    pub fn iter(&self) -> std::slice::Iter<'_, Pane> {
        self.list.iter()
    }

    /// The pane at this index of [`Panes::iter`].
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Pane> {
        self.list.get_mut(index)
    }

    /// No pane has more queued input than allowed. A server that exceeds the limit is disconnected: not reading its
    /// messages would also delay those that let a shell continue.
    pub fn input_within_limits(&self) -> bool {
        self.list.iter().all(|p| p.queued_input() <= QUEUED_INPUT_BYTES_MAX)
    }

    /// Encodes pending messages of all panes, and reads the remaining output of shells that have ended.
    pub fn encode_pending(&mut self, chunk: &mut [u8], out: &mut Vec<u8>) {
        for pane in &mut self.list {
            pane.encode_pending(out);
            while pane.is_draining() {
                pane.read_output(chunk);
                pane.encode_pending(out);
            }
        }
    }

    /// Ends all subscriptions after the connection was lost.
    pub fn unsubscribe_all(&mut self) {
        self.list.iter_mut().for_each(Pane::unsubscribe);
    }

    /// Records the exit status of a reaped child. True when it was a shell.
    pub fn on_child_exit(&mut self, pid: Pid, status: i32) -> bool {
        self.list.iter_mut().any(|p| p.on_child_exit(pid, status))
    }

    /// Sends SIGHUP to all shells.
    pub fn hang_up(&mut self) {
        self.list.iter_mut().for_each(Pane::hang_up);
    }

    /// A shell runs in at least one pane.
    pub fn has_shells(&self) -> bool {
        self.list.iter().any(Pane::has_shell)
    }
}
