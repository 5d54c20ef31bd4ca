//! One pane: its newest output under absolute positions, the screen model, and the clients that are attached to it.
//!
//! The output is stored once and every client has a cursor into it. The pane never waits for a client: when the bytes
//! that a slow client needs are no longer stored, the client gets a redraw. The output window limits how fast the guest
//! may send: output is requested up to the position that the *fastest* client has parsed, plus
//! [`limits::OUTSTANDING_BYTES_MAX`].

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use guest_protocol::{OutputBuffer, PaneNumber};
use protocol::{frame::Size, limits};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{model_threads::ModelQueue, screen::Screen};

mod client_side;
mod guest_side;
mod model_requests;
mod model_side;

pub use client_side::{Cursor, InputTarget, SendState};
use model_requests::ModelRequests;
pub use model_requests::Redraw;

/// A guest is sent at most one size of a pane in this time, always the newest.
const SIZE_INTERVAL: Duration = Duration::from_millis(100);
/// Sizes that may be sent at once after a pause, so that input which follows a size finds it in force.
const SIZE_BURST: u32 = 10;

/// State of the pane's shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellState {
    /// The guest was asked to open the pane, or has not yet sent all output that it had stored by then.
    Opening,
    /// The shell runs.
    Running,
    /// The guest has been disconnected since this time. The shell may still run.
    Disconnected(Instant),
    /// The shell exited with this status, and all its output has arrived.
    Exited(i32),
    /// The shell could not be started (`errno`).
    Failed(i32),
    /// The session ended, or the container was started again and the shell no longer exists. The pane is not opened
    /// again.
    Closed,
}

/// A pane. The session writes output to it, and its clients read the output.
#[derive(Debug)]
pub struct Pane {
    name: String,
    state: Mutex<State>,
    /// Locked by model threads only, before `state` where both are needed.
    screen: Mutex<Screen>,
    changed: watch::Sender<()>,
    models: ModelQueue,
    /// Notified after each step of the model.
    model_stepped: Notify,
}

#[derive(Debug)]
struct State {
    number: PaneNumber,
    shell: ShellState,
    output: OutputBuffer,
    /// End of the output that the guest had stored when the pane was opened.
    complete_at: u64,
    size: Size,
    /// Size that was last sent to the guest.
    size_sent: Option<Size>,
    /// When a burst of [`SIZE_BURST`] sizes may be sent again. Each size moves it by [`SIZE_INTERVAL`].
    sizes_full_at: Instant,
    /// Window that was last sent to the guest.
    window_sent: Option<u64>,
    clients: Vec<ClientState>,
    /// Number of clients ever attached; the id of the next one.
    clients_created: u64,
    /// Bytes of input that the PTY has not accepted yet.
    input_in_flight: usize,
    /// Number of clients that wait for room for input.
    inputs_waiting: usize,
    /// Time of the last input of any client.
    last_input_at: Option<Instant>,
    model: ModelRequests,
}

#[derive(Debug)]
struct ClientState {
    id: u64,
    /// Position up to which the client has parsed the output.
    parsed: u64,
    size: Option<Size>,
}

impl Pane {
    /// A pane that is being opened.
    pub(crate) fn new(name: String, number: PaneNumber, size: Size, models: ModelQueue) -> Self {
        Self {
            name,
            state: Mutex::new(State {
                number,
                shell: ShellState::Opening,
                output: OutputBuffer::new(0, limits::OUTPUT_BUFFER_BYTES),
                complete_at: 0,
                size,
                size_sent: None,
                sizes_full_at: Instant::now(),
                window_sent: None,
                clients: Vec::new(),
                clients_created: 0,
                input_in_flight: 0,
                inputs_waiting: 0,
                last_input_at: None,
                model: ModelRequests::default(),
            }),
            screen: Mutex::new(Screen::new(size, 0)),
            changed: watch::Sender::new(()),
            models,
            model_stepped: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Name, unique within the terminal. It stays the same across connections.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number on the guest link.
    pub fn number(&self) -> PaneNumber {
        self.state().number
    }

    /// State of the shell.
    pub fn shell_state(&self) -> ShellState {
        self.state().shell
    }

    /// Size in cells.
    pub fn size(&self) -> Size {
        self.state().size
    }

    /// A receiver that is notified of every change of the pane.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

impl State {
    fn client(&self, id: u64) -> Option<&ClientState> {
        self.clients.iter().find(|client| client.id == id)
    }

    fn client_mut(&mut self, id: u64) -> Option<&mut ClientState> {
        self.clients.iter_mut().find(|client| client.id == id)
    }

    /// Position up to which the guest may send output.
    fn window(&self) -> u64 {
        match self.clients.iter().map(|client| client.parsed).max() {
            Some(parsed) if self.inputs_waiting == 0 => parsed + limits::OUTSTANDING_BYTES_MAX,
            // Without a client the program is not slowed down, and the buffer keeps its newest output.
            _ => u64::MAX,
        }
    }

    /// When the guest may be sent the size that it does not have yet: a program redraws its screen at each change.
    fn size_due(&self) -> Option<Instant> {
        let due = self.sizes_full_at + SIZE_INTERVAL - SIZE_INTERVAL * SIZE_BURST;
        (self.size_sent != Some(self.size)).then_some(due)
    }

    /// The size that the guest does not have yet, if it may be sent now. It counts as sent then.
    fn take_due_size(&mut self) -> Option<Size> {
        let now = Instant::now();
        if self.size_due()? > now {
            return None;
        }
        (self.size_sent, self.sizes_full_at) = (Some(self.size), self.sizes_full_at.max(now) + SIZE_INTERVAL);
        Some(self.size)
    }

    /// Changes the size. Returns whether it differs from the size before.
    fn resize(&mut self, size: Size) -> bool {
        if self.size == size {
            return false;
        }
        self.size = size;
        self.resize_model();
        true
    }
}
