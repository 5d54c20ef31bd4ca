//! The side of a pane that the session uses: it applies messages from the guest and returns pending updates for it.

use std::sync::MutexGuard;

use guest_protocol::{OutputBuffer, PaneNumber};
use protocol::{frame::Size, limits};
use tokio::time::Instant;

use super::{Pane, ShellState, State};

/// Positions are sent as JSON numbers, which are exact up to here.
const POSITION_MAX: u64 = 1 << 53;
/// A window that grows is sent again only after it has grown by this many bytes.
const WINDOW_STEP: u64 = 64 * 1024;

/// Control messages that the guest needs for a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingUpdate {
    /// Number of the pane on the guest link.
    pub number: PaneNumber,
    /// New window.
    pub window: Option<u64>,
    /// New size.
    pub size: Option<Size>,
}

impl Pane {
    /// Prepares the pane for a new connection. Returns its size and the first position that is not in the buffer.
    pub fn reopen(&self) -> (Size, u64) {
        let mut state = self.state();
        state.shell = ShellState::Opening;
        (state.size_sent, state.window_sent) = (Some(state.size), None);
        state.input_in_flight = 0;
        (state.size, state.output.newest())
    }

    /// The guest opened the pane and has output from `oldest` to `newest`; `new_shell` when it started a shell for it.
    /// Returns false when the positions are impossible.
    #[must_use]
    pub fn on_opened(&self, oldest: u64, newest: u64, new_shell: bool) -> bool {
        if oldest > newest || newest >= POSITION_MAX {
            return false;
        }
        let mut state = self.state();
        if state.output.newest() == 0 || newest < state.output.newest() {
            // The buffer is empty, or holds the output of another shell.
            state.output = OutputBuffer::new(oldest, limits::OUTPUT_BUFFER_BYTES);
            state.reset_model(oldest);
        }
        if new_shell {
            // A new shell starts with a blank screen, regardless of the output of the previous one.
            state.reset_model(newest);
        }
        state.complete_at = newest;
        self.complete_opening(state);
        true
    }

    /// Stores output from the guest. Returns false when its position is impossible.
    #[must_use]
    pub fn push_output(&self, position: u64, bytes: &[u8]) -> bool {
        let Some(end) = position.checked_add(bytes.len() as u64).filter(|end| *end < POSITION_MAX) else {
            return false;
        };
        let mut state = self.state();
        let newest = state.output.newest();
        if position > newest {
            // The guest's own buffer overflowed. The screen model detects the gap by its position.
            state.output = OutputBuffer::new(position, limits::OUTPUT_BUFFER_BYTES);
        }
        // Bytes that are already stored are skipped.
        let known = usize::try_from(newest.saturating_sub(position)).unwrap_or(usize::MAX).min(bytes.len());
        if end > newest {
            state.output.push(&bytes[known..]);
        }
        self.complete_opening(state);
        true
    }

    /// Ends [`ShellState::Opening`] once all output that the guest had stored has arrived, and notifies clients.
    fn complete_opening(&self, mut state: MutexGuard<'_, State>) {
        if state.shell == ShellState::Opening && state.output.newest() >= state.complete_at {
            state.shell = ShellState::Running;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// Sets the state of the shell, unless it is final ([`ShellState::Exited`], [`ShellState::Failed`],
    /// [`ShellState::Closed`]).
    pub fn set_shell_state(&self, shell: ShellState) {
        let mut state = self.state();
        if !matches!(state.shell, ShellState::Exited(_) | ShellState::Failed(_) | ShellState::Closed) {
            state.shell = shell;
            if shell == ShellState::Closed {
                // No client may read the screen any more, so nothing is rendered.
                state.model.redraws.clear();
            }
            state.input_in_flight = 0;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The PTY accepted this many bytes of input.
    pub fn on_input_ack(&self, bytes: u32) {
        let mut state = self.state();
        state.input_in_flight = state.input_in_flight.saturating_sub(bytes as usize);
        let waiting = state.inputs_waiting > 0;
        drop(state);
        if waiting {
            self.changed.send_replace(());
        }
    }

    /// When a size is to be sent that was held back. `None` when the guest has the newest one.
    pub fn size_due(&self) -> Option<Instant> {
        let state = self.state();
        if state.shell == ShellState::Running { state.size_due() } else { None }
    }

    /// Returns the window and size that the guest does not have yet and may be sent now, and marks them as sent.
    pub fn take_pending_update(&self) -> Option<PendingUpdate> {
        let mut state = self.state();
        if state.shell != ShellState::Running {
            return None;
        }
        let window = state.window();
        let moved = match state.window_sent {
            None => true,
            Some(sent) => window < sent || window == u64::MAX && sent != window || window - sent >= WINDOW_STEP,
        };
        let size = state.take_due_size();
        if !moved && size.is_none() {
            return None;
        }
        if moved {
            state.window_sent = Some(window);
        }
        Some(PendingUpdate { number: state.number, window: moved.then_some(window), size })
    }
}
