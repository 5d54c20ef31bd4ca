//! The state of a mounted terminal, and how it ends.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
};

use app::mount::{MountRequest, TerminalEvent};
use js_sys::Function;
use leptos::{callback::UnsyncCallback, prelude::*};
use protocol::{
    Problem, TerminalId,
    frame::{ClientFrame, Size},
};
use web_sys::HtmlElement;

use crate::{
    emulator::Emulator, latency::LatencyProbe, opening::Opening, output_positions::OutputPositions, socket::Socket,
};

/// The state. Callbacks hold it weakly; the page owns it through its handle.
pub(super) struct Client {
    pub(super) me: Weak<Self>,
    pub(super) id: TerminalId,
    pub(super) pane: String,
    pub(super) host: HtmlElement,
    pub(super) on_event: UnsyncCallback<TerminalEvent>,
    /// CSS pixels.
    pub(super) font_px: Cell<u16>,
    pub(super) emulator: RefCell<Option<Emulator>>,
    pub(super) socket: RefCell<Option<Socket>>,
    pub(super) positions: RefCell<OutputPositions>,
    /// Output positions after the chunks that the emulator is parsing, oldest first.
    pub(super) parsing: RefCell<VecDeque<u64>>,
    /// Called by the emulator after each chunk, which owns the function: see `emulator::callbacks`.
    pub(super) on_parsed: RefCell<Option<Function>>,
    /// A delayed acknowledgement is scheduled.
    pub(super) ack_scheduled: Cell<bool>,
    /// Input that is not sent yet.
    pub(super) input: RefCell<VecDeque<u8>>,
    /// Replies of the emulator that are not sent yet.
    pub(super) replies: RefCell<Vec<u8>>,
    /// Sending waits for the socket's buffer to drain.
    pub(super) input_waiting: Cell<bool>,
    /// Set while a connection is being opened whose input and replies are queued.
    pub(super) opening: Cell<Option<Opening>>,
    /// Consecutive failed connections.
    pub(super) failures: Cell<u32>,
    /// Raised with every socket. Events of an older generation are ignored.
    pub(super) generation: Cell<u32>,
    /// Exit status of the shell, sent before the socket closes.
    pub(super) exit: Cell<Option<i32>>,
    /// Size of the expected snapshot, until it arrives.
    pub(super) snapshot_size: Cell<Option<Size>>,
    /// The next character becomes a control character.
    pub(super) ctrl: Cell<bool>,
    pub(super) ping: RefCell<Option<IntervalHandle>>,
    pub(super) latency: RefCell<LatencyProbe>,
    pub(super) retry: RefCell<Option<TimeoutHandle>>,
    /// Everything is closed; no event is emitted any more.
    pub(super) closed: Cell<bool>,
}

impl Client {
    pub(super) fn new(request: MountRequest) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            id: request.id,
            pane: request.pane,
            host: request.host,
            on_event: request.on_event,
            font_px: Cell::new(request.font_px),
            emulator: RefCell::default(),
            socket: RefCell::default(),
            positions: RefCell::default(),
            parsing: RefCell::default(),
            on_parsed: RefCell::default(),
            ack_scheduled: Cell::default(),
            input: RefCell::default(),
            replies: RefCell::default(),
            input_waiting: Cell::default(),
            opening: Cell::new(Some(Opening::FIRST)),
            failures: Cell::default(),
            generation: Cell::default(),
            exit: Cell::default(),
            snapshot_size: Cell::default(),
            ctrl: Cell::default(),
            ping: RefCell::default(),
            latency: RefCell::default(),
            retry: RefCell::default(),
            closed: Cell::default(),
        })
    }

    /// A callback for timers and JavaScript that does nothing once the client is dropped.
    pub(super) fn callback<F: Fn(&Self) + 'static>(&self, run: F) -> impl Fn() + use<F> {
        let me = self.me.clone();
        move || {
            if let Some(client) = me.upgrade() {
                run(&client);
            }
        }
    }

    pub(super) fn emit(&self, event: TerminalEvent) {
        if !self.closed.get() {
            self.on_event.run(event);
        }
    }

    /// Closes everything, removes the terminal's content from the page, then reports the reason.
    pub(super) fn close_with(&self, problem: Problem) {
        let on_event = self.on_event;
        let first = !self.closed.get();
        self.close();
        if first {
            on_event.run(TerminalEvent::Closed(problem));
        }
    }

    /// Closes everything and removes the terminal's content from the page.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.disconnect();
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
        if let Some(emulator) = self.emulator.take() {
            emulator.dispose();
        }
        self.abort_opening();
        self.clear_input();
        self.parsing.borrow_mut().clear();
    }

    pub(super) fn size(&self) -> Option<Size> {
        let (cols, rows) = self.emulator.borrow().as_ref()?.size();
        Some(Size::clamped(cols, rows))
    }

    pub(super) fn send(&self, frame: &ClientFrame<'_>) -> bool {
        self.socket.borrow().as_ref().is_some_and(|socket| socket.send(frame))
    }

    pub(super) fn send_size(&self) {
        let size = self.size();
        if let Some(size) = size {
            self.send(&ClientFrame::Resize(size));
        }
    }

    pub(super) fn with_emulator(&self, run: impl FnOnce(&Emulator)) {
        if let Some(emulator) = self.emulator.borrow().as_ref() {
            run(emulator);
        }
    }
}
