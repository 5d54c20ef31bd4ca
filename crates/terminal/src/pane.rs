//! One pane as the server sees it: the newest output under absolute positions, the screen it comes to, and who looks on.
//!
//! There is one copy of the output and every client has a cursor into it. Nobody waits for a client: one that does not
//! keep up is behind, and when the bytes it needs are gone it gets a redraw. What slows a flood down is the window: the
//! terminal is read as far as the *fastest* client has parsed, plus [`limits::OUTSTANDING_BYTES_MAX`].

use std::sync::{Mutex, MutexGuard, PoisonError};

use guest_protocol::{OutputBuffer, PaneNo};
use protocol::{frame::Size, limits};
use tokio::{sync::watch, time::Instant};

use super::screen::Screen;

/// With this much output unseen by the screen model, it is fed before more is taken.
const SCREEN_BEHIND_MAX: u64 = 512 * 1024;
/// Positions are numbers of JSON, too.
const POSITION_MAX: u64 = 1 << 53;
/// A window is told anew when it moved by this much.
const WINDOW_STEP: u64 = 64 * 1024;

/// What has become of the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Asked for, or what the guest kept is still arriving.
    Opening,
    /// It runs.
    Live,
    /// The guest cannot be reached since then; the shell may well run.
    Away(Instant),
    /// It ended, and all its output is here.
    Ended(i32),
    /// It could not be started (`errno`).
    Failed(i32),
    /// The container was started anew, or the terminal is gone: this pane will not come back.
    Gone,
}

/// A pane; shared by the session that fills it and the clients that read it.
#[derive(Debug)]
pub struct Pane {
    name: String,
    state: Mutex<State>,
    screen: Mutex<Screen>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    number: PaneNo,
    phase: Phase,
    output: OutputBuffer,
    /// End of what the guest had when the pane was opened.
    complete_at: u64,
    size: Size,
    /// The guest has been told this size.
    size_sent: Option<Size>,
    window_sent: Option<u64>,
    clients: Vec<ClientState>,
    clients_created: u64,
    input_in_flight: usize,
    inputs_waiting: usize,
    input_at: Option<Instant>,
}

#[derive(Debug)]
struct ClientState {
    id: u64,
    parsed: u64,
    size: Option<Size>,
}

/// What a client's cursor comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// Output that can be sent: how much there is, and when somebody last typed.
    Ready {
        /// Bytes the client does not have, as far as it may have them now.
        bytes: u64,
        /// Time of the last input of anyone.
        input_at: Option<Instant>,
    },
    /// The cursor's bytes are gone: a redraw is due.
    Redraw,
    /// It has everything; the phase says whether more can come.
    UpToDate(Phase),
    /// It has not parsed what it was sent.
    Held,
}

/// A client's place in the stream.
#[derive(Debug, Clone, Copy)]
pub struct Cursor {
    /// Position of the next byte to send; `None` before the first redraw.
    pub next: Option<u64>,
    /// Position after the last redraw, which counts as parsed for flow but not before it is acknowledged for another redraw.
    pub redrawn_at: u64,
}

/// What the guest must be told about a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingUpdate {
    /// Number on this connection.
    pub number: PaneNo,
    /// New window.
    pub window: Option<u64>,
    /// New size.
    pub size: Option<Size>,
}

impl Pane {
    /// A pane that is being opened.
    pub fn new(name: String, number: PaneNo, size: Size) -> Self {
        Self {
            name,
            state: Mutex::new(State {
                number,
                phase: Phase::Opening,
                output: OutputBuffer::new(0, limits::OUTPUT_BUFFER_BYTES),
                complete_at: 0,
                size,
                size_sent: None,
                window_sent: None,
                clients: Vec::new(),
                clients_created: 0,
                input_in_flight: 0,
                inputs_waiting: 0,
                input_at: None,
            }),
            screen: Mutex::new(Screen::new(size, 0)),
            changed: watch::Sender::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its lasting name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number on the guest link.
    pub fn number(&self) -> PaneNo {
        self.state().number
    }

    /// What has become of the shell.
    pub fn phase(&self) -> Phase {
        self.state().phase
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.state().size
    }

    /// Wakes whoever waits when anything changes.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    // --- what the session does -------------------------------------------------------------------------------------

    /// Begins to open it on a new connection: size, and the first position that is not here.
    pub fn reopen(&self) -> (Size, u64) {
        let mut state = self.state();
        state.phase = Phase::Opening;
        (state.size_sent, state.window_sent) = (Some(state.size), None);
        state.input_in_flight = 0;
        (state.size, state.output.newest())
    }

    /// The guest opened it. False when the numbers make no sense.
    #[must_use]
    pub fn opened(&self, oldest: u64, newest: u64, fresh: bool) -> bool {
        if oldest > newest || newest >= POSITION_MAX {
            return false;
        }
        let (mut state, mut screen) = (self.state(), self.screen());
        if state.output.newest() == 0 || newest < state.output.newest() {
            // Nothing of it is here, or what is here is of another stream.
            state.output = OutputBuffer::new(oldest, limits::OUTPUT_BUFFER_BYTES);
            *screen = Screen::new(state.size, oldest);
        }
        if fresh {
            // A new shell has a blank screen, whatever the one before it left in the output.
            *screen = Screen::new(state.size, newest);
        }
        state.complete_at = newest;
        self.settle(state);
        true
    }

    /// Output of the guest. False when it cannot be.
    #[must_use]
    pub fn output(&self, position: u64, bytes: &[u8]) -> bool {
        let Some(end) = position.checked_add(bytes.len() as u64).filter(|end| *end < POSITION_MAX) else {
            return false;
        };
        let mut state = self.state();
        let newest = state.output.newest();
        if position > newest {
            // The guest's own output ran over; what is missing is missing, and the model finds the gap by itself.
            state.output = OutputBuffer::new(position, limits::OUTPUT_BUFFER_BYTES);
        }
        // What is here already is not taken twice.
        let known = usize::try_from(newest.saturating_sub(position)).unwrap_or(usize::MAX).min(bytes.len());
        if end > newest {
            state.output.push(&bytes[known..]);
        }
        self.settle(state);
        true
    }

    fn settle(&self, mut state: MutexGuard<'_, State>) {
        if state.phase == Phase::Opening && state.output.newest() >= state.complete_at {
            state.phase = Phase::Live;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The shell ended, or could not be started, or cannot be reached.
    pub fn set_phase(&self, phase: Phase) {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Ended(_) | Phase::Failed(_) | Phase::Gone) {
            state.phase = phase;
            state.input_in_flight = 0;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The terminal took input.
    pub fn input_taken(&self, bytes: u32) {
        let mut state = self.state();
        state.input_in_flight = state.input_in_flight.saturating_sub(bytes as usize);
        let waiting = state.inputs_waiting > 0;
        drop(state);
        if waiting {
            self.changed.send_replace(());
        }
    }

    /// Feeds the screen model one step when it is far behind. True when there is more to do.
    pub fn feed_screen(&self) -> bool {
        let (state, mut screen) = (self.state(), self.screen());
        state.output.newest().saturating_sub(screen.seen()) > SCREEN_BEHIND_MAX && screen.catch_up(&state.output)
    }

    /// What the guest must be told, and what counts as told from now on.
    pub fn pending_update(&self) -> Option<PendingUpdate> {
        let mut state = self.state();
        if state.phase != Phase::Live {
            return None;
        }
        let window = state.window();
        let moved = match state.window_sent {
            None => true,
            Some(told) => window < told || window == u64::MAX && told != window || window - told >= WINDOW_STEP,
        };
        let size = (state.size_sent != Some(state.size)).then_some(state.size);
        if !moved && size.is_none() {
            return None;
        }
        if moved {
            state.window_sent = Some(window);
        }
        state.size_sent = Some(state.size);
        Some(PendingUpdate { number: state.number, window: moved.then_some(window), size })
    }

    // --- what clients do -------------------------------------------------------------------------------------------

    /// Takes a client. `from` is the first position the client does not have. `None` when all are taken.
    pub fn attach(&self, size: Option<Size>, from: Option<u64>) -> Option<(u64, Cursor)> {
        let mut state = self.state();
        if state.clients.len() >= limits::CLIENTS_MAX {
            return None;
        }
        // Zero is "from the beginning", which is only there while nothing has fallen out of the output.
        let start = if from == Some(0) { Some(state.output.start()) } else { from };
        let exact = start.filter(|from| (state.output.oldest()..=state.output.newest()).contains(from));
        let parsed = exact.unwrap_or(state.output.newest());
        let id = state.clients_created;
        state.clients_created += 1;
        if let (true, Some(size)) = (state.clients.is_empty(), size) {
            state.resize(size, &mut self.screen());
        }
        state.clients.push(ClientState { id, parsed, size });
        Some((id, Cursor { next: exact, redrawn_at: parsed }))
    }

    /// Gives the client back.
    pub fn detach(&self, client: u64) {
        self.state().clients.retain(|s| s.id != client);
    }

    /// Whether anybody looks on.
    pub fn is_watched(&self) -> bool {
        !self.state().clients.is_empty()
    }

    /// The client's terminal has parsed the stream up to here. True when the window may have moved.
    pub fn acknowledge(&self, client: u64, position: u64) -> bool {
        let mut state = self.state();
        let newest = state.output.newest();
        let Some(client) = state.clients.iter_mut().find(|s| s.id == client) else { return false };
        // What was never sent cannot have been parsed.
        client.parsed = client.parsed.max(position.min(newest));
        drop(state);
        // The client itself may be waiting for this.
        self.changed.send_replace(());
        true
    }

    /// A client set its size: it counts from now on. The pane's number when its size changed.
    pub fn resize(&self, client: u64, size: Size) -> Option<PaneNo> {
        let mut state = self.state();
        if let Some(client) = state.clients.iter_mut().find(|s| s.id == client) {
            client.size = Some(size);
        }
        state.resize(size, &mut self.screen()).then_some(state.number)
    }

    /// A client is about to type: its size counts. Room for the bytes is taken, or `Err` while there is none.
    ///
    /// # Errors
    /// When the client has to wait.
    pub fn reserve_input(&self, typist: Option<u64>, bytes: usize) -> Result<InputTarget, ()> {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Live | Phase::Opening) {
            return Ok(InputTarget::None);
        }
        if state.input_in_flight > 0 && state.input_in_flight + bytes > limits::INPUT_BYTES_MAX {
            return Err(());
        }
        state.input_in_flight += bytes;
        state.input_at = Some(Instant::now());
        let size = typist.and_then(|id| state.clients.iter().find(|s| s.id == id)).and_then(|s| s.size);
        let resized = size.is_some_and(|size| state.resize(size, &mut self.screen()));
        Ok(InputTarget::Shell { number: state.number, resized })
    }

    /// A client waits for room, or does not any more. While one waits the window is open: what the program writes must
    /// not be what keeps it from reading.
    pub fn set_input_waiting(&self, waits: bool) {
        let mut state = self.state();
        if waits {
            state.inputs_waiting += 1;
        } else {
            state.inputs_waiting -= 1;
        }
    }

    /// Where a client stands.
    pub fn progress(&self, client: u64, cursor: &Cursor) -> Progress {
        let state = self.state();
        let parsed = state.clients.iter().find(|s| s.id == client).map_or(0, |s| s.parsed);
        let Some(next) = cursor.next else { return Progress::Redraw };
        let until = parsed.max(cursor.redrawn_at) + limits::OUTSTANDING_BYTES_MAX;
        if next >= until {
            return Progress::Held;
        }
        if next < state.output.oldest() || next > state.output.newest() {
            return if parsed >= cursor.redrawn_at { Progress::Redraw } else { Progress::Held };
        }
        match state.output.newest().min(until) - next {
            0 => Progress::UpToDate(state.phase),
            bytes => Progress::Ready { bytes, input_at: state.input_at },
        }
    }

    /// The Output frame at the cursor, at most `max` bytes of output in it; `None` when they are gone.
    pub fn frame(&self, cursor: &Cursor, max: u64) -> Option<(Vec<u8>, u64)> {
        let max = usize::try_from(max).unwrap_or(usize::MAX).min(limits::OUTPUT_CHUNK_BYTES_MAX);
        let state = self.state();
        let next = cursor.next?;
        let (head, tail) = state.output.read(next, max)?;
        let end = next + (head.len() + tail.len()) as u64;
        Some((protocol::frame::ServerFrame::encode_output(next, head, tail), end))
    }

    /// One step of the screen model towards now; when it is there (or `at_once`), the redraw and its position, both
    /// under one lock.
    pub fn redraw(&self, at_once: bool) -> Option<(Vec<u8>, u64)> {
        let (state, mut screen) = (self.state(), self.screen());
        while screen.catch_up(&state.output) {
            if !at_once {
                return None;
            }
        }
        Some((screen.redraw(), screen.seen()))
    }

    /// Position after the newest byte.
    pub fn newest(&self) -> u64 {
        self.state().output.newest()
    }
}

/// What became of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputTarget {
    /// It goes to this pane; the pane's size changed to the typist's.
    Shell {
        /// Number on the guest link.
        number: PaneNo,
        /// The guest must be told the size first.
        resized: bool,
    },
    /// There is no shell to type to.
    None,
}

impl State {
    fn window(&self) -> u64 {
        match self.clients.iter().map(|s| s.parsed).max() {
            Some(parsed) if self.inputs_waiting == 0 => parsed + limits::OUTSTANDING_BYTES_MAX,
            // Nobody looks on: the program runs freely, and the output keeps the end of it.
            _ => u64::MAX,
        }
    }

    fn resize(&mut self, size: Size, screen: &mut Screen) -> bool {
        if self.size == size {
            return false;
        }
        self.size = size;
        // What was written for the old size is parsed at the old size.
        while screen.catch_up(&self.output) {}
        screen.resize(size);
        true
    }
}
