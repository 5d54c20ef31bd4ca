//! The side of a pane that attached clients and their transport use: reading output at a cursor, and input.

use guest_protocol::PaneNumber;
use protocol::{
    frame::{ServerFrame, Size},
    limits,
};
use tokio::time::Instant;

use super::{ClientState, Pane, ShellState};

/// What can be sent to a client at its cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum SendState {
    /// Output can be sent.
    Ready {
        /// Bytes after the cursor that flow control allows to send.
        bytes: u64,
        /// Time of the last input of any client.
        last_input_at: Option<Instant>,
    },
    /// The bytes at the cursor are no longer stored, so the client needs a redraw.
    Redraw,
    /// The client has all output. The state of the shell indicates whether more can follow.
    UpToDate(ShellState),
    /// Flow control: the client must acknowledge output before more is sent.
    AwaitingAck,
}

/// A client's position in the output.
#[derive(Debug, Clone, Copy)]
pub struct Cursor {
    /// Position of the next byte to send; `None` before the first redraw.
    pub next: Option<u64>,
    /// Position after the last redraw. Flow control counts it as parsed, but another redraw is sent only after the
    /// client has acknowledged it.
    pub redrawn_at: u64,
}

/// Where input goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputTarget {
    /// To the shell.
    Shell {
        /// Number of the pane on the guest link.
        number: PaneNumber,
        /// The pane's size, if the guest is to be sent it before the input.
        resize: Option<Size>,
    },
    /// No shell runs; the input is dropped.
    None,
}

impl Pane {
    /// Attaches a client and returns its id and cursor. `from` is the first position that the client does not have.
    /// `None` when the pane has [`limits::CLIENTS_MAX`] clients.
    pub fn attach(&self, size: Option<Size>, from: Option<u64>) -> Option<(u64, Cursor)> {
        let mut state = self.state();
        if state.clients.len() >= limits::CLIENTS_MAX {
            return None;
        }
        // Zero means "from the beginning", which is available until the buffer drops its first bytes.
        let start = if from == Some(0) { Some(state.output.start()) } else { from };
        let next = start.filter(|from| (state.output.oldest()..=state.output.newest()).contains(from));
        let parsed = next.unwrap_or(state.output.newest());
        let id = state.clients_created;
        state.clients_created += 1;
        if let (true, Some(size)) = (state.clients.is_empty(), size) {
            state.resize(size);
        }
        state.clients.push(ClientState { id, parsed, size });
        Some((id, Cursor { next, redrawn_at: parsed }))
    }

    /// Detaches a client.
    pub fn detach(&self, client: u64) {
        self.state().clients.retain(|other| other.id != client);
    }

    /// The client has parsed the output up to `position`. Returns whether the window may have moved.
    pub fn acknowledge(&self, client: u64, position: u64) -> bool {
        let mut state = self.state();
        // A position that was never sent cannot have been parsed.
        let position = position.min(state.output.newest());
        let Some(client) = state.client_mut(client) else { return false };
        client.parsed = client.parsed.max(position);
        drop(state);
        // The client's own reader may wait in `SendState::AwaitingAck`.
        self.changed.send_replace(());
        true
    }

    /// Sets a client's size and makes it the pane's size. Returns the pane's number and its size if the guest is to be
    /// sent it now; a size that follows another one too soon is sent later.
    pub fn resize(&self, client: u64, size: Size) -> Option<(PaneNumber, Size)> {
        let mut state = self.state();
        if let Some(client) = state.client_mut(client) {
            client.size = Some(size);
        }
        state.resize(size);
        let number = state.number;
        state.take_due_size().map(|size| (number, size))
    }

    /// Reserves room for input and makes the size of `active_client` the pane's size.
    ///
    /// # Errors
    /// When too much input is in flight; the caller has to wait.
    pub(crate) fn reserve_input(&self, active_client: Option<u64>, bytes: usize) -> Result<InputTarget, ()> {
        let mut state = self.state();
        if !matches!(state.shell, ShellState::Running | ShellState::Opening) {
            return Ok(InputTarget::None);
        }
        if state.input_in_flight > 0 && state.input_in_flight + bytes > limits::INPUT_IN_FLIGHT_BYTES_MAX {
            return Err(());
        }
        state.input_in_flight += bytes;
        state.last_input_at = Some(Instant::now());
        let size = active_client.and_then(|id| state.client(id)).and_then(|client| client.size);
        if let Some(size) = size {
            state.resize(size);
        }
        Ok(InputTarget::Shell { number: state.number, resize: state.take_due_size() })
    }

    /// A client begins or ends to wait for room. The window is unlimited while one waits: a program that is blocked on
    /// writing output would never read the input.
    pub fn set_input_waiting(&self, waits: bool) {
        let mut state = self.state();
        if waits {
            state.inputs_waiting += 1;
        } else {
            state.inputs_waiting -= 1;
        }
    }

    /// What can be sent to the client at its cursor.
    pub fn send_state(&self, client: u64, cursor: &Cursor) -> SendState {
        let state = self.state();
        let parsed = state.client(client).map_or(0, |client| client.parsed);
        let Some(next) = cursor.next else { return SendState::Redraw };
        let until = parsed.max(cursor.redrawn_at) + limits::OUTSTANDING_BYTES_MAX;
        if next >= until {
            return SendState::AwaitingAck;
        }
        if next < state.output.oldest() || next > state.output.newest() {
            return if parsed >= cursor.redrawn_at { SendState::Redraw } else { SendState::AwaitingAck };
        }
        match state.output.newest().min(until) - next {
            0 => SendState::UpToDate(state.shell),
            bytes => SendState::Ready { bytes, last_input_at: state.last_input_at },
        }
    }

    /// An encoded Output frame with at most `max` bytes of output from the cursor, and the position after it. `None`
    /// when the bytes are no longer stored.
    pub fn frame(&self, cursor: &Cursor, max: u64) -> Option<(Vec<u8>, u64)> {
        let max = usize::try_from(max).unwrap_or(usize::MAX).min(limits::OUTPUT_CHUNK_BYTES_MAX);
        let state = self.state();
        let next = cursor.next?;
        let (head, tail) = state.output.read(next, max)?;
        let end = next + (head.len() + tail.len()) as u64;
        Some((ServerFrame::encode_output(next, head, tail), end))
    }
}
