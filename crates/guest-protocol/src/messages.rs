//! The messages of the guest link. The number before each message is its tag on the wire.

use protocol::frame::Size;

use crate::GuestReport;

/// Version of the guest link in this release.
pub const VERSION: u16 = 2;

/// Oldest version that the server accepts in [`FromGuest::Hello`]. A guest keeps running while the server is upgraded,
/// so the server accepts the guests of the previous release. It closes a connection of any other version.
pub const OLDEST_VERSION: u16 = 1;

/// Whether guests of `version` may send messages with `tag` although the current version has no such message.
/// The receiver ignores these messages. Version 1 reports changes of terminal echo with tag 0x86.
pub const fn is_retired_tag(version: u16, tag: u8) -> bool {
    version == 1 && tag == 0x86
}

/// Number that the server assigns to a pane for one connection. The pane's permanent name is in [`ToGuest::Open`].
pub type PaneNumber = u16;

/// Messages from the server to the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToGuest {
    /// 0x01: starts the shell named `name`, or attaches to it when it runs, and requests its output from `from` on.
    Open {
        /// Number used in every later message of this connection.
        pane: PaneNumber,
        /// Permanent name, a [`protocol::names::Slug`].
        name: String,
        /// Window size, in cells. It applies to a new shell and to a running one.
        size: Size,
        /// First position that the server does not have.
        from: u64,
    },
    /// 0x02: input for the PTY.
    Input {
        /// Pane.
        pane: PaneNumber,
        /// Raw bytes.
        bytes: Vec<u8>,
    },
    /// 0x03: sets the window size.
    Resize {
        /// Pane.
        pane: PaneNumber,
        /// Window size, in cells.
        size: Size,
    },
    /// 0x04: flow control. The guest reads the PTY up to this position and no further.
    Window {
        /// Pane.
        pane: PaneNumber,
        /// Absolute position.
        until: u64,
    },
    /// 0x06: requests a [`FromGuest::Report`].
    Inspect,
    /// 0x07: sets whether `sudo` may run commands as root. The guest refuses them until it has this message.
    Policy {
        /// Commands may run as root.
        root_allowed: bool,
    },
}

/// Messages from the guest to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromGuest {
    /// 0x81: the first message of each connection.
    Hello {
        /// [`VERSION`] of the guest.
        version: u16,
        /// Random number of this guest process. Another number means that the container was restarted and that no
        /// earlier shell exists any more.
        boot_id: u64,
    },
    /// 0x82: reply to [`ToGuest::Open`]. Output from `max(from, oldest)` on follows.
    Opened {
        /// Pane.
        pane: PaneNumber,
        /// Position of the oldest byte in the output buffer.
        oldest: u64,
        /// Position after the newest byte.
        newest: u64,
        /// This Open started the shell.
        new_shell: bool,
    },
    /// 0x83: bytes read from the PTY.
    Output {
        /// Pane.
        pane: PaneNumber,
        /// Position of the first byte.
        position: u64,
        /// Raw bytes.
        bytes: Vec<u8>,
    },
    /// 0x84: the shell ended. It follows the last Output. The next Open of the same name starts a new shell, whose
    /// positions continue from there.
    Exited {
        /// Pane.
        pane: PaneNumber,
        /// Exit status; 128 + signal number when the shell was killed.
        status: i32,
    },
    /// 0x85: reply to [`ToGuest::Inspect`].
    Report(Box<GuestReport>),
    /// 0x87: reply to [`ToGuest::Open`] when the shell could not be started.
    OpenFailed {
        /// Pane.
        pane: PaneNumber,
        /// `errno` of the failed system call.
        errno: i32,
    },
    /// 0x88: the PTY accepted input. Sent at least once per [`protocol::limits::INPUT_ACK_BYTES`], so that input
    /// queues in the server and does not delay the messages of other panes on this connection.
    InputAck {
        /// Pane.
        pane: PaneNumber,
        /// Bytes accepted since the previous message of this kind.
        bytes: u32,
    },
}
