//! A mounted terminal: emulator and socket joined, across as many sockets as it takes. The shell lives on the server;
//! what is kept here is the position of its output.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
    time::Duration,
};

use app::{
    api,
    mount::{Key, MountRequest, TerminalEvent, TerminalHandle},
};
use js_sys::{Function, Uint8Array};
use leptos::{callback::UnsyncCallback, prelude::*, task::spawn_local};
use protocol::{
    Problem, ProblemKind, TerminalId,
    frame::{ClientFrame, ServerFrame, Size},
};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlElement;

use crate::{
    clock::{now, now_micros},
    close::{self, Next},
    emulator::{Emulator, Maker, Told},
    flow::{Flow, Take},
    socket::{Address, Heard, Socket},
    trip::{self, Trips},
};

/// Input is cut into frames of this size, below `limits::CLIENT_FRAME_BYTES_MAX` with its tag.
const INPUT_BYTES: usize = 60 * 1024;
/// While the browser holds more than this back, a paste waits.
const BUFFERED_BYTES_MAX: u32 = 256 * 1024;
/// How long a waiting paste waits.
const DRAIN_WAIT: Duration = Duration::from_millis(15);
/// Acknowledgements of small output are gathered for this long.
const ACK_WAIT: Duration = Duration::from_millis(40);
/// The round trip is measured, and the line tried, this often.
const PING_EVERY: Duration = Duration::from_secs(5);

struct Bridge {
    me: Weak<Self>,
    id: TerminalId,
    pane: String,
    host: HtmlElement,
    on_event: UnsyncCallback<TerminalEvent>,
    font_px: Cell<u16>,
    emulator: RefCell<Option<Emulator>>,
    socket: RefCell<Option<Socket>>,
    flow: RefCell<Flow>,
    /// Positions after the pieces that are being parsed, oldest first; absent for pieces that have none.
    parsing: RefCell<VecDeque<u64>>,
    /// What the emulator calls after each piece. It owns it: see `emulator::events`.
    on_parsed: RefCell<Option<Function>>,
    ack_due: Cell<bool>,
    input: RefCell<VecDeque<u8>>,
    draining: Cell<bool>,
    failures: Cell<u32>,
    /// Grows with every socket; what belongs to an older one is ignored.
    era: Cell<u32>,
    exit: Cell<Option<i32>>,
    /// The size of the snapshot that comes first.
    drawn_for: Cell<Option<Size>>,
    ctrl: Cell<bool>,
    ping: RefCell<Option<IntervalHandle>>,
    trips: RefCell<Trips>,
    retry: RefCell<Option<TimeoutHandle>>,
    over: Cell<bool>,
}

/// What a page holds; dropping it ends everything.
struct Handle(Rc<Bridge>);

/// Mounts a terminal. The emulator is fetched first, so that the first size is the real one.
pub(crate) fn mount(request: MountRequest) -> Rc<dyn TerminalHandle> {
    let bridge = Rc::new_cyclic(|me| Bridge {
        me: me.clone(),
        id: request.id,
        pane: request.pane,
        host: request.host,
        on_event: request.on_event,
        font_px: Cell::new(request.font_px),
        emulator: RefCell::default(),
        socket: RefCell::default(),
        flow: RefCell::default(),
        parsing: RefCell::default(),
        on_parsed: RefCell::default(),
        ack_due: Cell::default(),
        input: RefCell::default(),
        draining: Cell::default(),
        failures: Cell::default(),
        era: Cell::default(),
        exit: Cell::default(),
        drawn_for: Cell::default(),
        ctrl: Cell::default(),
        ping: RefCell::default(),
        trips: RefCell::default(),
        retry: RefCell::default(),
        over: Cell::default(),
    });
    spawn_local(begin(bridge.clone()));
    Rc::new(Handle(bridge))
}

async fn begin(bridge: Rc<Bridge>) {
    let tell = {
        let me = bridge.me.clone();
        move |told| {
            if let Some(bridge) = me.upgrade() {
                bridge.told(told);
            }
        }
    };
    let maker = Maker::fetch(bridge.font_px.get()).await;
    if bridge.over.get() {
        return; // another one may be in its place
    }
    match maker.and_then(|maker| maker.make(&bridge.host, bridge.font_px.get(), tell)) {
        Ok(emulator) => {
            let (cols, rows) = emulator.size();
            bridge.emit(TerminalEvent::Size { cols, rows });
            emulator.take_keyboard();
            bridge.emulator.replace(Some(emulator));
            let me = bridge.me.clone();
            let closure = Closure::<dyn Fn()>::new(move || {
                if let Some(bridge) = me.upgrade() {
                    bridge.piece_parsed();
                }
            });
            bridge.on_parsed.replace(Some(closure.into_js_value().unchecked_into()));
            bridge.connect();
        }
        Err(_) => bridge.finish(Problem::new(
            ProblemKind::Unavailable,
            "The terminal's script could not be loaded. Check your connection and try again.",
        )),
    }
}

impl Bridge {
    fn emit(&self, event: TerminalEvent) {
        if !self.over.get() {
            self.on_event.run(event);
        }
    }

    /// Closes everything and leaves nothing of the terminal in the page, then says why.
    fn finish(&self, problem: Problem) {
        let on_event = self.on_event;
        let first = !self.over.get();
        self.shut();
        if first {
            on_event.run(TerminalEvent::Cut(problem));
        }
    }

    fn shut(&self) {
        self.over.set(true);
        self.hang_up();
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
        if let Some(emulator) = self.emulator.take() {
            emulator.dispose();
        }
        self.input.borrow_mut().clear();
        self.parsing.borrow_mut().clear();
    }

    fn hang_up(&self) {
        self.era.set(self.era.get() + 1);
        self.socket.replace(None);
        if let Some(ping) = self.ping.take() {
            ping.clear();
        }
    }

    fn size(&self) -> Option<Size> {
        let (cols, rows) = self.emulator.borrow().as_ref()?.size();
        Some(Size::clamped(cols, rows))
    }

    fn connect(&self) {
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
        let Some(size) = self.size() else { return };
        self.hang_up();
        self.emit(TerminalEvent::Connecting);
        self.flow.borrow_mut().reconnected();
        let (era, me) = (self.era.get(), self.me.clone());
        let hear = move |heard| {
            if let Some(bridge) = me.upgrade().filter(|bridge| bridge.era.get() == era) {
                bridge.heard(heard);
            }
        };
        let from = self.flow.borrow().resume_from();
        let address = Address { id: self.id, pane: &self.pane, cols: size.cols, rows: size.rows, from };
        match Socket::open(&address, hear) {
            Ok(socket) => drop(self.socket.replace(Some(socket))),
            Err(_) => self.wait(),
        }
    }

    fn heard(&self, heard: Heard) {
        match heard {
            Heard::Frame(frame) => self.frame(frame),
            Heard::Closed(code, reason) => self.closed(code, &reason),
        }
    }

    fn frame(&self, frame: ServerFrame) {
        self.trips.borrow_mut().heard();
        match frame {
            ServerFrame::Hello(hello) => {
                self.failures.set(0);
                // The snapshot that comes next is of this size, unless ours is told before it.
                let whole = self.flow.borrow().resume_from() != Some(hello.position);
                self.drawn_for.set(whole.then(|| Size::clamped(hello.cols, hello.rows)));
                self.emit(TerminalEvent::Attached(hello));
                if !whole {
                    // The size may have changed while the socket was opening.
                    self.send_size();
                }
                self.start_pings();
            }
            ServerFrame::Output { position, bytes } => {
                if self.drawn_for.take().is_some() {
                    self.send_size();
                }
                let take = self.flow.borrow_mut().take(position, bytes.len());
                match take {
                    Take::From(offset) => self.feed(&bytes[offset..], position + bytes.len() as u64),
                    Take::Nothing => {}
                    Take::Gap => self.afresh(),
                }
            }
            ServerFrame::Snapshot { position, bytes } => {
                self.flow.borrow_mut().snapshot(position);
                let size = self.drawn_for.take().or_else(|| self.size());
                self.feed_with(position, |emulator, parsed| {
                    let Size { cols, rows } = size.unwrap_or_default();
                    emulator.redraw(&Uint8Array::from(&*bytes), cols, rows, parsed);
                });
            }
            ServerFrame::Exit(status) => self.exit.set(Some(status)),
            ServerFrame::Pong(nonce) => {
                let tenths = (now_micros().saturating_sub(nonce) / 100).min(u64::from(u32::MAX));
                let next = self.trips.borrow_mut().took(u32::try_from(tenths).unwrap_or(u32::MAX));
                match next {
                    trip::Next::Show(tenths) => self.emit(TerminalEvent::Latency(tenths)),
                    trip::Next::Again => self.ping_once(),
                }
            }
            ServerFrame::Notice(problem) => self.emit(TerminalEvent::Notice(problem)),
        }
    }

    fn feed(&self, bytes: &[u8], position_after: u64) {
        self.feed_with(position_after, |emulator, parsed| emulator.write(&Uint8Array::from(bytes), parsed));
    }

    fn feed_with(&self, position_after: u64, write: impl FnOnce(&Emulator, &Function)) {
        let (emulator, parsed) = (self.emulator.borrow(), self.on_parsed.borrow());
        if let (Some(emulator), Some(parsed)) = (emulator.as_ref(), parsed.as_ref()) {
            self.parsing.borrow_mut().push_back(position_after);
            write(emulator, parsed);
        }
    }

    /// The emulator calls back once per piece, in order.
    fn piece_parsed(&self) {
        let Some(position) = self.parsing.borrow_mut().pop_front() else { return };
        if self.flow.borrow_mut().parsed(position) {
            return self.acknowledge();
        }
        if !self.ack_due.replace(true) {
            let me = self.me.clone();
            set_timeout(
                move || {
                    if let Some(bridge) = me.upgrade() {
                        bridge.acknowledge();
                    }
                },
                ACK_WAIT,
            );
        }
    }

    fn acknowledge(&self) {
        self.ack_due.set(false);
        if let Some(position) = self.flow.borrow_mut().ack() {
            self.send(&ClientFrame::Ack(position));
        }
    }

    fn send(&self, frame: &ClientFrame<'_>) -> bool {
        self.socket.borrow().as_ref().is_some_and(|socket| socket.send(frame))
    }

    fn send_size(&self) {
        let size = self.size();
        if let Some(size) = size {
            self.send(&ClientFrame::Resize(size));
        }
    }

    fn start_pings(&self) {
        let me = self.me.clone();
        let ping = move || {
            if let Some(bridge) = me.upgrade() {
                bridge.ping_due();
            }
        };
        self.trips.replace(Trips::default());
        ping();
        self.ping.replace(set_interval_with_handle(ping, PING_EVERY).ok());
    }

    fn ping_due(&self) {
        let lives = self.trips.borrow_mut().due();
        if lives {
            return self.ping_once();
        }
        self.hang_up();
        self.wait();
    }

    fn ping_once(&self) {
        self.send(&ClientFrame::Ping(now_micros()));
    }

    fn afresh(&self) {
        self.flow.borrow_mut().forget();
        self.connect();
    }

    fn closed(&self, code: u16, reason: &str) {
        self.hang_up();
        match close::next(code, reason) {
            Next::ShellEnded => self.emit(TerminalEvent::Ended(self.exit.get().unwrap_or(0))),
            Next::Cut(problem) => self.finish(problem),
            Next::Afresh => self.afresh(),
            Next::Ask => {
                let (me, era, id) = (self.me.clone(), self.era.get(), self.id);
                spawn_local(async move {
                    let answer = api::terminal(id).await;
                    let Some(bridge) = me.upgrade().filter(|bridge| bridge.era.get() == era && !bridge.over.get())
                    else {
                        return;
                    };
                    match close::after_asking(answer, now()) {
                        Some(problem) => bridge.finish(problem),
                        None => bridge.wait(),
                    }
                });
            }
        }
    }

    fn wait(&self) {
        let failures = self.failures.get();
        self.failures.set(failures + 1);
        let millis = close::wait_millis(failures, js_sys::Math::random());
        self.emit(TerminalEvent::Waiting { millis });
        let me = self.me.clone();
        let again = move || {
            if let Some(bridge) = me.upgrade().filter(|bridge| !bridge.over.get()) {
                bridge.connect();
            }
        };
        let retry = set_timeout_with_handle(again, Duration::from_millis(u64::from(millis)));
        self.retry.replace(retry.ok());
    }

    fn told(&self, told: Told) {
        match told {
            Told::Input(bytes) => self.typed(bytes),
            Told::Resized(cols, rows) => {
                self.emit(TerminalEvent::Size { cols, rows });
                self.send_size();
            }
            Told::Selected(any) => self.emit(TerminalEvent::Selected(any)),
            Told::Found(index, count) => {
                self.emit(TerminalEvent::Found { index: u32::try_from(index).ok(), count });
            }
            Told::Asked(what) => match what.as_str() {
                "leave" => self.emit(TerminalEvent::FocusLeft),
                "search" => self.emit(TerminalEvent::SearchAsked),
                "bell" => self.emit(TerminalEvent::Bell),
                "copied" => self.emit(TerminalEvent::Copied),
                "clipboard" => self.emit(TerminalEvent::ClipboardRefused),
                _ => self.emit(TerminalEvent::PasteRefused),
            },
        }
    }

    /// Input while nothing is connected is dropped: typed blindly now, it would run unseen later.
    fn typed(&self, mut bytes: Vec<u8>) {
        if self.socket.borrow().is_none() {
            return;
        }
        if self.ctrl.get() && bytes.len() == 1 && bytes[0].is_ascii() {
            bytes[0] &= 0x1f;
            self.ctrl.set(false);
            self.emit(TerminalEvent::CtrlReleased);
        }
        self.input.borrow_mut().extend(bytes);
        self.drain();
        self.emit(TerminalEvent::Typed);
    }

    /// Sends what is waiting, in pieces, no faster than the network takes it.
    fn drain(&self) {
        while !self.draining.get() && !self.input.borrow().is_empty() {
            if self.socket.borrow().as_ref().is_none_or(|socket| socket.buffered() > BUFFERED_BYTES_MAX) {
                self.draining.set(true);
                let me = self.me.clone();
                set_timeout(
                    move || {
                        if let Some(bridge) = me.upgrade() {
                            bridge.draining.set(false);
                            bridge.drain();
                        }
                    },
                    DRAIN_WAIT,
                );
                return;
            }
            let piece: Vec<u8> = {
                let mut input = self.input.borrow_mut();
                let len = input.len().min(INPUT_BYTES);
                input.drain(..len).collect()
            };
            if !self.send(&ClientFrame::Input(&piece)) {
                self.input.borrow_mut().clear();
            }
        }
    }

    fn with_emulator(&self, act: impl FnOnce(&Emulator)) {
        if let Some(emulator) = self.emulator.borrow().as_ref() {
            act(emulator);
        }
    }
}

impl TerminalHandle for Handle {
    fn focus(&self) {
        self.0.with_emulator(|e: &Emulator| e.term().focus());
    }
    fn press(&self, key: Key) {
        let text = match key {
            Key::Escape => "\x1b".to_owned(),
            Key::Tab => "\t".to_owned(),
            Key::Up => "\x1b[A".to_owned(),
            Key::Down => "\x1b[B".to_owned(),
            Key::Right => "\x1b[C".to_owned(),
            Key::Left => "\x1b[D".to_owned(),
            Key::Char(c) => c.to_string(),
        };
        self.0.typed(text.into_bytes());
    }
    fn arm_ctrl(&self, armed: bool) {
        self.0.ctrl.set(armed);
        self.focus();
    }
    fn paste_clipboard(&self) {
        self.0.with_emulator(Emulator::paste_clipboard);
    }
    fn copy_selection(&self) -> bool {
        self.0.emulator.borrow().as_ref().is_some_and(Emulator::copy)
    }
    fn copy_shown(&self) {
        self.0.with_emulator(Emulator::copy_shown);
    }
    fn set_font_px(&self, px: u16) {
        self.0.font_px.set(px);
        self.0.with_emulator(|emulator| emulator.set_font(px));
    }
    fn find(&self, text: &str, backwards: bool) {
        self.0.with_emulator(|emulator| emulator.find(text, backwards));
    }
    fn end_search(&self) {
        self.0.with_emulator(Emulator::end_search);
    }
    fn reconnect(&self) {
        self.0.connect();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.shut();
    }
}
