//! The panes of this container, and what the server asks of them.

use guest_protocol::{FromGuest, PaneNo, ToGuest};
use protocol::limits;
use rustix::process::Pid;

use crate::{options::Options, pane::Pane};

/// A server that keeps to its bound never has more than this waiting in one pane.
const WAITING_BYTES_MAX: usize = 2 * limits::INPUT_BYTES_MAX;

/// At most [`limits::PANES_MAX`] panes.
#[derive(Debug, Default)]
pub struct Panes {
    list: Vec<Pane>,
}

impl Panes {
    /// Acts on a message about panes; answers go to `out`.
    pub fn handle(&mut self, options: &Options, message: ToGuest, out: &mut Vec<u8>) {
        match message {
            ToGuest::Open { pane, name, size, from } => {
                let opened = self
                    .slot(pane, name)
                    .and_then(|p| p.open(options, pane, size, from).map_err(|e| e.raw_os_error().unwrap_or(libc::EIO)));
                opened.unwrap_or_else(|errno| FromGuest::OpenFailed { pane, errno }).encode(out);
            }
            ToGuest::Input { pane, bytes } => self.with(pane, |p| p.input(&bytes)),
            ToGuest::Resize { pane, size } => self.with(pane, |p| p.resize(size)),
            ToGuest::Window { pane, until } => self.with(pane, |p| p.allow(until)),
            ToGuest::Inspect | ToGuest::Policy { .. } => {}
        }
    }

    /// The pane called `name`, made when there is none; the number is taken from whoever had it.
    fn slot(&mut self, number: PaneNo, name: String) -> Result<&mut Pane, i32> {
        for other in &mut self.list {
            if other.number() == Some(number) && other.name != name {
                other.leave();
            }
        }
        let at = match self.list.iter().position(|p| p.name == name) {
            Some(at) => at,
            None => {
                if self.list.len() >= limits::PANES_MAX {
                    let idle = self.list.iter().position(Pane::forgettable).ok_or(libc::EUSERS)?;
                    self.list.remove(idle);
                }
                self.list.push(Pane::new(name));
                self.list.len() - 1
            }
        };
        Ok(&mut self.list[at])
    }

    /// A message about a pane that is not open on this connection is late, not wrong.
    fn with(&mut self, number: PaneNo, act: impl FnOnce(&mut Pane)) {
        if let Some(pane) = self.list.iter_mut().find(|p| p.number() == Some(number)) {
            act(pane);
        }
    }

    /// All panes.
    pub fn iter(&self) -> std::slice::Iter<'_, Pane> {
        self.list.iter()
    }

    /// The pane at this place of [`Panes::iter`].
    pub fn at(&mut self, place: usize) -> Option<&mut Pane> {
        self.list.get_mut(place)
    }

    /// The server keeps to its bound on input. One that does not is dropped: holding its messages back would hold back
    /// those that let a shell go on.
    pub fn within_bounds(&self) -> bool {
        self.list.iter().all(|p| p.waiting_input() <= WAITING_BYTES_MAX)
    }

    /// Reads out shells that ended, and frames what the server does not have.
    pub fn pump(&mut self, chunk: &mut [u8], out: &mut Vec<u8>) {
        for pane in &mut self.list {
            pane.pump(out);
            while pane.ending() {
                pane.read(chunk);
                pane.pump(out);
            }
        }
    }

    /// The connection is gone.
    pub fn leave(&mut self) {
        self.list.iter_mut().for_each(Pane::leave);
    }

    /// A child was reaped; true when it was a shell of ours.
    pub fn reaped(&mut self, pid: Pid, status: i32) -> bool {
        self.list.iter_mut().any(|p| p.reaped(pid, status))
    }

    /// Hangs every shell up.
    pub fn hang_up(&mut self) {
        self.list.iter_mut().for_each(Pane::hang_up);
    }

    /// A shell runs somewhere.
    pub fn running(&self) -> bool {
        self.list.iter().any(Pane::running)
    }
}
