//! The guest link: what server and guest say to each other over the per-terminal Unix socket.
//!
//! A frame is a big-endian `u32` length (of tag and payload), a tag byte, a payload. The guest dials out and
//! speaks first. Either side's bytes are hostile to the other: lengths are bounded before anything is kept.

use protocol::{frame::Size, limits};

use crate::GuestReport;

/// Version of this link; both sides must agree, the guest binary always comes from the server that runs it.
pub const VERSION: u16 = 1;

/// The peer does not speak this protocol; the connection is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLink {
    /// Length zero or over [`limits::LINK_FRAME_BYTES_MAX`].
    Length(u32),
    /// A tag this side does not take.
    UnknownTag(u8),
    /// The payload cannot be read.
    BadPayload(u8),
}

impl std::fmt::Display for BadLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Length(len) => write!(f, "a frame of {len} bytes"),
            Self::UnknownTag(tag) => write!(f, "an unknown tag 0x{tag:02x}"),
            Self::BadPayload(tag) => write!(f, "a bad payload for tag 0x{tag:02x}"),
        }
    }
}

impl std::error::Error for BadLink {}

/// Number the server gives to a pane for this connection; the pane's lasting name is in [`ToGuest::Open`].
pub type PaneNo = u16;

/// Server to guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToGuest {
    /// 0x01: opens or re-joins the shell called `name`, and asks for its output from position `from` on.
    Open {
        /// Number used in every later frame of this connection.
        pane: PaneNo,
        /// Lasting name (a [`protocol::names::Slug`]).
        name: String,
        /// Size of a new shell, and of a re-joined one.
        size: Size,
        /// First position the server does not have.
        from: u64,
    },
    /// 0x02: bytes for the PTY.
    Input {
        /// Pane.
        pane: PaneNo,
        /// Raw bytes.
        bytes: Vec<u8>,
    },
    /// 0x03: new size.
    Resize {
        /// Pane.
        pane: PaneNo,
        /// Size.
        size: Size,
    },
    /// 0x04: the PTY may be read up to this absolute position, and no further.
    Window {
        /// Pane.
        pane: PaneNo,
        /// Position.
        until: u64,
    },
    /// 0x05: hang up the shell (SIGHUP, then SIGKILL).
    Hangup {
        /// Pane.
        pane: PaneNo,
    },
    /// 0x06: say what is seen from inside.
    Inspect,
    /// 0x07: whether `sudo` may run root commands.
    Policy {
        /// It may.
        root_allowed: bool,
    },
}

/// Guest to server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromGuest {
    /// 0x81: first frame of a connection.
    Hello {
        /// [`VERSION`].
        version: u16,
        /// Random number of this guest process: a new one means that all shells are new.
        boot: u64,
    },
    /// 0x82: answer to Open; Output from `max(from, oldest)` follows.
    Opened {
        /// Pane.
        pane: PaneNo,
        /// Position of the oldest byte the ring still has.
        oldest: u64,
        /// Position after the newest byte.
        newest: u64,
        /// The shell was started by this Open.
        fresh: bool,
    },
    /// 0x83: PTY bytes.
    Output {
        /// Pane.
        pane: PaneNo,
        /// Position of the first byte.
        position: u64,
        /// Raw bytes.
        bytes: Vec<u8>,
    },
    /// 0x84: the shell ended, after its last Output. The next Open of that name starts a new shell, whose positions go on from there.
    Exited {
        /// Pane.
        pane: PaneNo,
        /// Exit status, 128 + signal when killed.
        status: i32,
    },
    /// 0x85: what is seen from inside.
    Report(Box<GuestReport>),
    /// 0x86: the terminal's ECHO flag changed (off: a password is being typed).
    Echo {
        /// Pane.
        pane: PaneNo,
        /// Flag.
        on: bool,
    },
    /// 0x87: the shell of that pane could not be started.
    OpenFailed {
        /// Pane.
        pane: PaneNo,
        /// `errno`.
        errno: i32,
    },
    /// 0x88: the terminal has taken this much more input. Said at the latest every [`limits::INPUT_TAKEN_BYTES`],
    /// so that input waits in the server and never in front of another pane's messages on this link.
    Taken {
        /// Pane.
        pane: PaneNo,
        /// Bytes since the last time it was said.
        bytes: u32,
    },
}

impl ToGuest {
    /// Appends the whole frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open { pane, name, size, from } => framed(out, 0x01, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                put_size(p, *size);
                p.extend_from_slice(&from.to_be_bytes());
                p.extend_from_slice(name.as_bytes());
            }),
            Self::Input { pane, bytes } => framed(out, 0x02, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(bytes);
            }),
            Self::Resize { pane, size } => framed(out, 0x03, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                put_size(p, *size);
            }),
            Self::Window { pane, until } => framed(out, 0x04, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&until.to_be_bytes());
            }),
            Self::Hangup { pane } => framed(out, 0x05, |p| p.extend_from_slice(&pane.to_be_bytes())),
            Self::Inspect => framed(out, 0x06, |_| {}),
            Self::Policy { root_allowed } => framed(out, 0x07, |p| p.push(u8::from(*root_allowed))),
        }
    }

    /// Reads tag and payload of one frame.
    ///
    /// # Errors
    /// [`BadLink`] for everything else.
    pub fn decode(tag: u8, payload: &[u8]) -> Result<Self, BadLink> {
        let mut r = Reader { tag, rest: payload };
        let message = match tag {
            0x01 => {
                let (pane, size, from) = (r.u16()?, r.size()?, r.u64()?);
                let name = std::str::from_utf8(r.rest()).map_err(|_| BadLink::BadPayload(tag))?;
                if name.is_empty() || name.len() > 32 {
                    return Err(BadLink::BadPayload(tag));
                }
                Self::Open { pane, name: name.to_owned(), size, from }
            }
            0x02 => Self::Input { pane: r.u16()?, bytes: r.rest().to_vec() },
            0x03 => Self::Resize { pane: r.u16()?, size: r.size()? },
            0x04 => Self::Window { pane: r.u16()?, until: r.u64()? },
            0x05 => Self::Hangup { pane: r.u16()? },
            0x06 => Self::Inspect,
            0x07 => Self::Policy { root_allowed: r.u8()? != 0 },
            other => return Err(BadLink::UnknownTag(other)),
        };
        r.end().map(|()| message)
    }
}

impl FromGuest {
    /// Appends the whole frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { version, boot } => framed(out, 0x81, |p| {
                p.extend_from_slice(&version.to_be_bytes());
                p.extend_from_slice(&boot.to_be_bytes());
            }),
            Self::Opened { pane, oldest, newest, fresh } => framed(out, 0x82, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&oldest.to_be_bytes());
                p.extend_from_slice(&newest.to_be_bytes());
                p.push(u8::from(*fresh));
            }),
            Self::Output { pane, position, bytes } => Self::encode_output(out, *pane, *position, bytes),
            Self::Exited { pane, status } => framed(out, 0x84, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&status.to_be_bytes());
            }),
            Self::Report(report) => {
                framed(out, 0x85, |p| p.extend_from_slice(&serde_json::to_vec(report).unwrap_or_default()));
            }
            Self::Echo { pane, on } => framed(out, 0x86, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.push(u8::from(*on));
            }),
            Self::OpenFailed { pane, errno } => framed(out, 0x87, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&errno.to_be_bytes());
            }),
            Self::Taken { pane, bytes } => framed(out, 0x88, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&bytes.to_be_bytes());
            }),
        }
    }

    /// Appends an Output frame without a copy of the bytes on the way.
    pub fn encode_output(out: &mut Vec<u8>, pane: PaneNo, position: u64, bytes: &[u8]) {
        framed(out, 0x83, |p| {
            p.extend_from_slice(&pane.to_be_bytes());
            p.extend_from_slice(&position.to_be_bytes());
            p.extend_from_slice(bytes);
        });
    }

    /// Reads tag and payload of one frame.
    ///
    /// # Errors
    /// [`BadLink`] for everything else.
    pub fn decode(tag: u8, payload: &[u8]) -> Result<Self, BadLink> {
        let mut r = Reader { tag, rest: payload };
        let message = match tag {
            0x81 => Self::Hello { version: r.u16()?, boot: r.u64()? },
            0x82 => Self::Opened { pane: r.u16()?, oldest: r.u64()?, newest: r.u64()?, fresh: r.u8()? != 0 },
            0x83 => Self::Output { pane: r.u16()?, position: r.u64()?, bytes: r.rest().to_vec() },
            0x84 => Self::Exited { pane: r.u16()?, status: r.i32()? },
            0x85 => Self::Report(serde_json::from_slice(r.rest()).map_err(|_| BadLink::BadPayload(tag))?),
            0x86 => Self::Echo { pane: r.u16()?, on: r.u8()? != 0 },
            0x87 => Self::OpenFailed { pane: r.u16()?, errno: r.i32()? },
            0x88 => Self::Taken { pane: r.u16()?, bytes: u32::from_be_bytes(r.take()?) },
            other => return Err(BadLink::UnknownTag(other)),
        };
        r.end().map(|()| message)
    }
}

/// Gathers bytes from a stream and gives out whole frames.
#[derive(Debug, Default)]
pub struct LinkBuffer {
    bytes: Vec<u8>,
    start: usize,
}

impl LinkBuffer {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > limits::LINK_FRAME_BYTES_MAX {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes the next whole frame, as tag and payload.
    ///
    /// # Errors
    /// [`BadLink::Length`]; the connection cannot be used any more.
    pub fn next_frame(&mut self) -> Result<Option<(u8, &[u8])>, BadLink> {
        let waiting = &self.bytes[self.start..];
        let Some((head, rest)) = waiting.split_first_chunk::<4>() else { return Ok(None) };
        let len = u32::from_be_bytes(*head);
        if len == 0 || len as usize > limits::LINK_FRAME_BYTES_MAX {
            return Err(BadLink::Length(len));
        }
        if rest.len() < len as usize {
            return Ok(None);
        }
        let from = self.start + 4;
        self.start = from + len as usize;
        Ok(Some((self.bytes[from], &self.bytes[from + 1..self.start])))
    }
}

fn framed(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, tag]);
    fill(out);
    let len = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&len.to_be_bytes());
}

fn put_size(out: &mut Vec<u8>, size: Size) {
    out.extend_from_slice(&size.cols.to_be_bytes());
    out.extend_from_slice(&size.rows.to_be_bytes());
}

struct Reader<'a> {
    tag: u8,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BadLink> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(BadLink::BadPayload(self.tag))?;
        self.rest = rest;
        Ok(*head)
    }
    fn u8(&mut self) -> Result<u8, BadLink> {
        self.take::<1>().map(|[b]| b)
    }
    fn u16(&mut self) -> Result<u16, BadLink> {
        self.take().map(u16::from_be_bytes)
    }
    fn u64(&mut self) -> Result<u64, BadLink> {
        self.take().map(u64::from_be_bytes)
    }
    fn i32(&mut self) -> Result<i32, BadLink> {
        self.take().map(i32::from_be_bytes)
    }
    fn size(&mut self) -> Result<Size, BadLink> {
        Ok(Size::clamped(self.u16()?, self.u16()?))
    }
    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
    fn end(self) -> Result<(), BadLink> {
        if self.rest.is_empty() { Ok(()) } else { Err(BadLink::BadPayload(self.tag)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_cut_of_the_stream() {
        let size = Size { cols: 80, rows: 24 };
        let messages = vec![
            ToGuest::Open { pane: 1, name: "main".into(), size, from: 5 },
            ToGuest::Input { pane: 1, bytes: vec![0, 255] },
            ToGuest::Resize { pane: 1, size },
            ToGuest::Window { pane: 1, until: 1 << 40 },
            ToGuest::Hangup { pane: 1 },
            ToGuest::Inspect,
            ToGuest::Policy { root_allowed: true },
        ];
        let mut wire = Vec::new();
        messages.iter().for_each(|m| m.encode(&mut wire));
        for step in 1..wire.len() {
            let (mut buffer, mut seen) = (LinkBuffer::default(), Vec::new());
            for piece in wire.chunks(step) {
                buffer.push(piece);
                while let Some((tag, payload)) = buffer.next_frame().unwrap() {
                    seen.push(ToGuest::decode(tag, payload).unwrap());
                }
            }
            assert_eq!(seen, messages);
        }
    }

    #[test]
    fn guest_frames_come_back_as_they_went() {
        for message in [
            FromGuest::Hello { version: VERSION, boot: 42 },
            FromGuest::Opened { pane: 2, oldest: 1, newest: 9, fresh: false },
            FromGuest::Output { pane: 2, position: 9, bytes: b"x".to_vec() },
            FromGuest::Exited { pane: 2, status: 130 },
            FromGuest::Report(Box::default()),
            FromGuest::Echo { pane: 2, on: false },
            FromGuest::OpenFailed { pane: 2, errno: 2 },
            FromGuest::Taken { pane: 2, bytes: 70_000 },
        ] {
            let (mut wire, mut buffer) = (Vec::new(), LinkBuffer::default());
            message.encode(&mut wire);
            buffer.push(&wire);
            let (tag, payload) = buffer.next_frame().unwrap().unwrap();
            assert_eq!(FromGuest::decode(tag, payload), Ok(message));
        }
    }

    #[test]
    fn hostile_lengths_and_payloads_are_refused() {
        let mut buffer = LinkBuffer::default();
        buffer.push(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(buffer.next_frame(), Err(BadLink::Length(u32::MAX)));
        for tag in 0..=255u8 {
            for len in 0..24 {
                let payload = vec![0xee; len];
                let _ = ToGuest::decode(tag, &payload);
                let _ = FromGuest::decode(tag, &payload);
            }
        }
        assert_eq!(ToGuest::decode(0x06, &[1]), Err(BadLink::BadPayload(6)));
    }
}
