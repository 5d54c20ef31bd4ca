//! One pane as the server sees it: the newest output under absolute positions, the screen it comes to, and who looks on.
//!
//! There is one copy of the output and every viewer has a cursor into it. Nobody waits for a viewer: one that does not
//! keep up is behind, and when the bytes it needs are gone it gets a redraw. What slows a flood down is the window: the
//! terminal is read as far as the *fastest* viewer has parsed, plus [`limits::OUTSTANDING_BYTES_MAX`].

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

/// A pane; shared by the session that fills it and the viewers that read it.
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
    ring: OutputBuffer,
    /// End of what the guest had when the pane was opened.
    complete_at: u64,
    size: Size,
    /// The guest has been told this size.
    size_told: Option<Size>,
    window_told: Option<u64>,
    seats: Vec<SeatState>,
    seats_ever: u64,
    input_on_its_way: usize,
    inputs_waiting: usize,
    input_at: Option<Instant>,
}

#[derive(Debug)]
struct SeatState {
    id: u64,
    parsed: u64,
    size: Option<Size>,
}

/// What a viewer's cursor comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// Output that can be sent: how much there is, and when somebody last typed.
    Ready {
        /// Bytes the viewer does not have, as far as it may have them now.
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

/// A viewer's place in the stream.
#[derive(Debug, Clone, Copy)]
pub struct Cursor {
    /// Position of the next byte to send; `None` before the first redraw.
    pub next: Option<u64>,
    /// Position after the last redraw, which counts as parsed for flow but not before it is acknowledged for another redraw.
    pub redrawn_at: u64,
}

/// What the guest must be told about a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
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
                ring: OutputBuffer::new(0, limits::OUTPUT_BUFFER_BYTES),
                complete_at: 0,
                size,
                size_told: None,
                window_told: None,
                seats: Vec::new(),
                seats_ever: 0,
                input_on_its_way: 0,
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
        (state.size_told, state.window_told) = (Some(state.size), None);
        state.input_on_its_way = 0;
        (state.size, state.ring.newest())
    }

    /// The guest opened it. False when the numbers make no sense.
    #[must_use]
    pub fn opened(&self, oldest: u64, newest: u64, fresh: bool) -> bool {
        if oldest > newest || newest >= POSITION_MAX {
            return false;
        }
        let (mut state, mut screen) = (self.state(), self.screen());
        if state.ring.newest() == 0 || newest < state.ring.newest() {
            // Nothing of it is here, or what is here is of another stream.
            state.ring = OutputBuffer::new(oldest, limits::OUTPUT_BUFFER_BYTES);
            *screen = Screen::new(state.size, oldest);
        }
        if fresh {
            // A new shell has a blank screen, whatever the one before it left in the ring.
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
        let newest = state.ring.newest();
        if position > newest {
            // The guest's own ring ran over; what is missing is missing, and the model finds the gap by itself.
            state.ring = OutputBuffer::new(position, limits::OUTPUT_BUFFER_BYTES);
        }
        // What is here already is not taken twice.
        let known = usize::try_from(newest.saturating_sub(position)).unwrap_or(usize::MAX).min(bytes.len());
        if end > newest {
            state.ring.push(&bytes[known..]);
        }
        self.settle(state);
        true
    }

    fn settle(&self, mut state: MutexGuard<'_, State>) {
        if state.phase == Phase::Opening && state.ring.newest() >= state.complete_at {
            state.phase = Phase::Live;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The shell ended, or could not be started, or cannot be reached.
    pub fn turn(&self, phase: Phase) {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Ended(_) | Phase::Failed(_) | Phase::Gone) {
            state.phase = phase;
            state.input_on_its_way = 0;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// The terminal took input.
    pub fn taken(&self, bytes: u32) {
        let mut state = self.state();
        state.input_on_its_way = state.input_on_its_way.saturating_sub(bytes as usize);
        let waiting = state.inputs_waiting > 0;
        drop(state);
        if waiting {
            self.changed.send_replace(());
        }
    }

    /// Feeds the screen model one step when it is far behind. True when there is more to do.
    pub fn feed_screen(&self) -> bool {
        let (state, mut screen) = (self.state(), self.screen());
        state.ring.newest().saturating_sub(screen.seen()) > SCREEN_BEHIND_MAX && screen.catch_up(&state.ring)
    }

    /// What the guest must be told, and what counts as told from now on.
    pub fn wish(&self) -> Option<Wish> {
        let mut state = self.state();
        if state.phase != Phase::Live {
            return None;
        }
        let window = state.window();
        let tell = match state.window_told {
            None => true,
            Some(told) => window < told || window == u64::MAX && told != window || window - told >= WINDOW_STEP,
        };
        let size = (state.size_told != Some(state.size)).then_some(state.size);
        if !tell && size.is_none() {
            return None;
        }
        if tell {
            state.window_told = Some(window);
        }
        state.size_told = Some(state.size);
        Some(Wish { number: state.number, window: tell.then_some(window), size })
    }

    // --- what viewers do -------------------------------------------------------------------------------------------

    /// Takes a seat. `from` is the first position the viewer does not have. `None` when all are taken.
    pub fn sit(&self, size: Option<Size>, from: Option<u64>) -> Option<(u64, Cursor)> {
        let mut state = self.state();
        if state.seats.len() >= limits::CLIENTS_MAX {
            return None;
        }
        // Zero is "from the beginning", which is only there while nothing has fallen out of the ring.
        let start = if from == Some(0) { Some(state.ring.start()) } else { from };
        let exact = start.filter(|from| (state.ring.oldest()..=state.ring.newest()).contains(from));
        let parsed = exact.unwrap_or(state.ring.newest());
        let id = state.seats_ever;
        state.seats_ever += 1;
        if let (true, Some(size)) = (state.seats.is_empty(), size) {
            state.resize(size, &mut self.screen());
        }
        state.seats.push(SeatState { id, parsed, size });
        Some((id, Cursor { next: exact, redrawn_at: parsed }))
    }

    /// Gives the seat back.
    pub fn leave(&self, seat: u64) {
        self.state().seats.retain(|s| s.id != seat);
    }

    /// Whether anybody looks on.
    pub fn is_watched(&self) -> bool {
        !self.state().seats.is_empty()
    }

    /// The viewer's terminal has parsed the stream up to here. True when the window may have moved.
    pub fn parsed(&self, seat: u64, position: u64) -> bool {
        let mut state = self.state();
        let newest = state.ring.newest();
        let Some(seat) = state.seats.iter_mut().find(|s| s.id == seat) else { return false };
        // What was never sent cannot have been parsed.
        seat.parsed = seat.parsed.max(position.min(newest));
        drop(state);
        // The viewer itself may be waiting for this.
        self.changed.send_replace(());
        true
    }

    /// A viewer set its size: it counts from now on. The pane's number when its size changed.
    pub fn resize(&self, seat: u64, size: Size) -> Option<PaneNo> {
        let mut state = self.state();
        if let Some(seat) = state.seats.iter_mut().find(|s| s.id == seat) {
            seat.size = Some(size);
        }
        state.resize(size, &mut self.screen()).then_some(state.number)
    }

    /// A viewer is about to type: its size counts. Room for the bytes is taken, or `Err` while there is none.
    ///
    /// # Errors
    /// When the viewer has to wait.
    pub fn admit_input(&self, seat: u64, bytes: usize) -> Result<Typed, ()> {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Live | Phase::Opening) {
            return Ok(Typed::Nowhere);
        }
        if state.input_on_its_way > 0 && state.input_on_its_way + bytes > limits::INPUT_BYTES_MAX {
            return Err(());
        }
        state.input_on_its_way += bytes;
        state.input_at = Some(Instant::now());
        let size = state.seats.iter().find(|s| s.id == seat).and_then(|s| s.size);
        let resized = size.is_some_and(|size| state.resize(size, &mut self.screen()));
        Ok(Typed::To { number: state.number, resized })
    }

    /// A viewer waits for room, or does not any more. While one waits the window is open: what the program writes must
    /// not be what keeps it from reading.
    pub fn wait_for_room(&self, waits: bool) {
        let mut state = self.state();
        if waits {
            state.inputs_waiting += 1;
        } else {
            state.inputs_waiting -= 1;
        }
    }

    /// Where a viewer stands.
    pub fn look(&self, seat: u64, cursor: &Cursor) -> Look {
        let state = self.state();
        let parsed = state.seats.iter().find(|s| s.id == seat).map_or(0, |s| s.parsed);
        let Some(next) = cursor.next else { return Look::Redraw };
        let until = parsed.max(cursor.redrawn_at) + limits::OUTSTANDING_BYTES_MAX;
        if next >= until {
            return Look::Held;
        }
        if next < state.ring.oldest() || next > state.ring.newest() {
            return if parsed >= cursor.redrawn_at { Look::Redraw } else { Look::Held };
        }
        match state.ring.newest().min(until) - next {
            0 => Look::UpToDate(state.phase),
            bytes => Look::Ready { bytes, input_at: state.input_at },
        }
    }

    /// The Output frame at the cursor, at most `max` bytes of output in it; `None` when they are gone.
    pub fn frame(&self, cursor: &Cursor, max: u64) -> Option<(Vec<u8>, u64)> {
        let max = usize::try_from(max).unwrap_or(usize::MAX).min(limits::OUTPUT_CHUNK_BYTES_MAX);
        let state = self.state();
        let next = cursor.next?;
        let (head, tail) = state.ring.read(next, max)?;
        let end = next + (head.len() + tail.len()) as u64;
        Some((protocol::frame::ServerFrame::encode_output(next, head, tail), end))
    }

    /// One step of the screen model towards now; when it is there (or `at_once`), the redraw and its position, both
    /// under one lock.
    pub fn redraw(&self, at_once: bool) -> Option<(Vec<u8>, u64)> {
        let (state, mut screen) = (self.state(), self.screen());
        while screen.catch_up(&state.ring) {
            if !at_once {
                return None;
            }
        }
        Some((screen.redraw(), screen.seen()))
    }

    /// Position after the newest byte.
    pub fn newest(&self) -> u64 {
        self.state().ring.newest()
    }
}

/// What became of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// It goes to this pane; the pane's size changed to the typist's.
    To {
        /// Number on the guest link.
        number: PaneNo,
        /// The guest must be told the size first.
        resized: bool,
    },
    /// There is no shell to type to.
    Nowhere,
}

impl State {
    fn window(&self) -> u64 {
        match self.seats.iter().map(|s| s.parsed).max() {
            Some(parsed) if self.inputs_waiting == 0 => parsed + limits::OUTSTANDING_BYTES_MAX,
            // Nobody looks on: the program runs freely, and the ring keeps the end of it.
            _ => u64::MAX,
        }
    }

    fn resize(&mut self, size: Size, screen: &mut Screen) -> bool {
        if self.size == size {
            return false;
        }
        self.size = size;
        // What was written for the old size is parsed at the old size.
        while screen.catch_up(&self.ring) {}
        screen.resize(size);
        true
    }
}
