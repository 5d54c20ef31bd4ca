//! The port that the browser provides: a terminal emulator inside an element of the page.
//!
//! Pages exchange events and commands with it; emulator, socket and bytes stay behind the port. On the server the port
//! is absent, and pages render an empty element.

use std::rc::Rc;

use leptos::callback::UnsyncCallback;
use protocol::{Problem, TerminalId, frame::Hello};
use send_wrapper::SendWrapper;
use web_sys::HtmlElement;

/// What to mount, and where.
pub struct MountRequest {
    /// Id of the terminal.
    pub id: TerminalId,
    /// Name of the pane.
    pub pane: String,
    /// The element to fill.
    pub host: HtmlElement,
    /// Font size in CSS pixels.
    pub font_px: u16,
    /// Receives the events.
    pub on_event: UnsyncCallback<TerminalEvent>,
}

/// An event of a mounted terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum TerminalEvent {
    /// A socket is being opened.
    Connecting,
    /// The server accepted the connection.
    Attached(Hello),
    /// The connection was lost. The shell keeps running.
    Reconnecting {
        /// Milliseconds until the next attempt.
        millis: u32,
    },
    /// Round-trip time in tenths of a millisecond.
    Latency(u32),
    /// The size of the emulator changed.
    Size {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// The shell exited with this status.
    Exited(i32),
    /// The server ended access for a reason that reconnecting does not resolve. The content is already removed from the
    /// page.
    Closed(Problem),
    /// A warning that does not end the connection.
    Notice(Problem),
    /// Whether text is selected.
    Selected(bool),
    /// The user typed or pasted.
    Input,
    /// The terminal rang the bell.
    Bell,
    /// Result of a search.
    SearchResult {
        /// Index of the shown match from 0; `None` when none is shown.
        index: Option<u32>,
        /// Number of matches.
        count: u32,
    },
    /// The requested text is in the clipboard.
    Copied,
    /// A program tried to write the clipboard, which is not allowed.
    ClipboardWriteBlocked,
    /// The browser denied the page access to the clipboard.
    ClipboardUnavailable,
    /// The one-shot Ctrl of the key row was used.
    CtrlReleased,
    /// The user pressed the key that leaves the terminal.
    LeaveRequested,
    /// The user pressed the key that opens the search.
    SearchRequested,
}

/// Keys of the on-screen key row, for phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Escape.
    Escape,
    /// Tab.
    Tab,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// A printable character.
    Char(char),
}

/// A mounted terminal. Dropping it closes the socket and removes all content from the page.
pub trait TerminalHandle {
    /// Focuses the terminal.
    fn focus(&self);
    /// Presses a key of the on-screen row.
    fn press(&self, key: Key);
    /// Makes the next character a control character.
    fn arm_ctrl(&self, armed: bool);
    /// Pastes the clipboard.
    fn paste_clipboard(&self);
    /// Copies the selection; false when nothing is selected.
    fn copy_selection(&self) -> bool;
    /// Copies the selection, or else the visible lines. [`TerminalEvent::Copied`] or
    /// [`TerminalEvent::ClipboardUnavailable`] follows.
    fn copy_visible(&self);
    /// Sets the font size in CSS pixels.
    fn set_font_px(&self, px: u16);
    /// Shows the next or previous match of a text.
    fn find(&self, text: &str, backwards: bool);
    /// Ends the search.
    fn end_search(&self);
    /// Reconnects now instead of after the backoff.
    fn reconnect(&self);
    /// Reconnects with the new session cookie before the server closes the socket of the old one. Input of the
    /// meantime is sent on the new socket.
    fn renew(&self);
}

/// Creates a mounted terminal.
type MountFn = dyn Fn(MountRequest) -> Rc<dyn TerminalHandle>;

/// The port, provided in the browser only.
#[derive(Clone)]
pub struct TerminalMount(SendWrapper<Rc<MountFn>>);

impl TerminalMount {
    /// Wraps the function that mounts a terminal.
    pub fn new(mount: impl Fn(MountRequest) -> Rc<dyn TerminalHandle> + 'static) -> Self {
        Self(SendWrapper::new(Rc::new(mount)))
    }

    /// Mounts a terminal.
    pub fn mount(&self, request: MountRequest) -> Rc<dyn TerminalHandle> {
        (self.0)(request)
    }
}
