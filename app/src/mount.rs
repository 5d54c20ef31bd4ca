//! The port the browser fills: a terminal emulator put into an element of the page.
//!
//! Pages know events and commands; they refuse to know the emulator, the socket and the bytes. On the server the port
//! is absent and pages render the frame around an empty element.

use std::rc::Rc;

use leptos::callback::UnsyncCallback;
use protocol::{Problem, TerminalId, frame::Hello};
use send_wrapper::SendWrapper;
use web_sys::HtmlElement;

/// What is to be mounted, and where.
pub struct MountRequest {
    /// Which terminal.
    pub id: TerminalId,
    /// Which of its shells.
    pub pane: String,
    /// The element to fill.
    pub host: HtmlElement,
    /// Font size in CSS pixels.
    pub font_px: u16,
    /// Where events go.
    pub on_event: UnsyncCallback<TerminalEvent>,
}

/// What happens to a mounted terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum TerminalEvent {
    /// A socket is being opened.
    Connecting,
    /// The server said hello; bytes flow.
    Attached(Hello),
    /// The connection was lost; the next try comes in this many milliseconds. The shell lives on.
    Waiting {
        /// Milliseconds until the next try.
        millis: u32,
    },
    /// A round trip took this long, in tenths of a millisecond.
    Latency(u32),
    /// The emulator has this size now.
    Size {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// The shell ended with this status.
    Ended(i32),
    /// The server closed the terminal to this page for a reason that a retry does not mend. Nothing of its content is
    /// left in the page when this arrives.
    Cut(Problem),
    /// A warning that does not end the connection.
    Notice(Problem),
    /// Text is selected, or none is any more.
    Selected(bool),
    /// Something was typed or pasted.
    Typed,
    /// The terminal rang.
    Bell,
    /// Search found this: index of the shown match from 0 (absent: none shown) and how many there are.
    Found {
        /// Which match is shown.
        index: Option<u32>,
        /// How many there are.
        count: u32,
    },
    /// What the person asked for is in the clipboard.
    Copied,
    /// A program in the terminal asked to write the clipboard, and was not allowed to.
    ClipboardRefused,
    /// The browser did not let the page use the clipboard.
    PasteRefused,
    /// The one-shot Ctrl of the key row was used up.
    CtrlReleased,
    /// The person asked to leave the terminal with the keyboard.
    FocusLeft,
    /// The person asked for the search field with the keyboard.
    SearchAsked,
}

/// Keys of the on-screen row, for phones.
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

/// A mounted terminal. Dropping it closes the socket and removes every byte of it from the page.
pub trait TerminalHandle {
    /// Moves the keyboard into the terminal.
    fn focus(&self);
    /// Presses a key of the on-screen row.
    fn press(&self, key: Key);
    /// Makes the next character a control character.
    fn arm_ctrl(&self, armed: bool);
    /// Pastes the clipboard, whole.
    fn paste_clipboard(&self);
    /// Copies the selection; false when nothing is selected.
    fn copy_selection(&self) -> bool;
    /// Copies the selection, or what is shown when nothing is selected; `Copied` or `PasteRefused` follows.
    fn copy_shown(&self);
    /// Sets the font size in CSS pixels.
    fn set_font_px(&self, px: u16);
    /// Shows the next (or previous) match of a text.
    fn find(&self, text: &str, backwards: bool);
    /// Ends the search.
    fn end_search(&self);
    /// Tries to reconnect now instead of waiting.
    fn reconnect(&self);
}

/// What the browser puts in its place.
type MountFn = dyn Fn(MountRequest) -> Rc<dyn TerminalHandle>;

/// The port itself, found in the context in the browser only.
#[derive(Clone)]
pub struct TerminalMount(SendWrapper<Rc<MountFn>>);

impl TerminalMount {
    /// Wraps the browser's way to mount a terminal.
    pub fn new(mount: impl Fn(MountRequest) -> Rc<dyn TerminalHandle> + 'static) -> Self {
        Self(SendWrapper::new(Rc::new(mount)))
    }

    /// Mounts a terminal.
    pub fn mount(&self, request: MountRequest) -> Rc<dyn TerminalHandle> {
        (self.0)(request)
    }
}
