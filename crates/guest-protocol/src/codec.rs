//! Wire format of the guest link.
//!
//! A frame is a big-endian `u32` length (of tag and payload), a tag byte and a payload. Integers are big-endian.
//! Each side treats the other's bytes as untrusted: lengths are checked before anything is buffered.

use protocol::frame::Size;

use crate::{FromGuest, PaneNumber, ToGuest};

/// Longest name of a pane, in bytes.
const PANE_NAME_BYTES_MAX: usize = 32;

/// The peer sent bytes that are not a frame of this protocol. The receiver closes the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// The length is zero or greater than [`protocol::limits::GUEST_FRAME_BYTES_MAX`].
    Length(u32),
    /// The receiver does not accept this tag.
    UnknownTag(u8),
    /// The payload of this tag is malformed.
    MalformedPayload(u8),
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Length(len) => write!(f, "invalid frame length {len}"),
            Self::UnknownTag(tag) => write!(f, "unknown tag 0x{tag:02x}"),
            Self::MalformedPayload(tag) => write!(f, "malformed payload of tag 0x{tag:02x}"),
        }
    }
}

impl std::error::Error for FrameError {}

impl ToGuest {
    /// Appends the encoded frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open { pane, name, size, from } => put_frame(out, 0x01, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                put_size(p, *size);
                p.extend_from_slice(&from.to_be_bytes());
                p.extend_from_slice(name.as_bytes());
            }),
            Self::Input { pane, bytes } => put_frame(out, 0x02, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(bytes);
            }),
            Self::Resize { pane, size } => put_frame(out, 0x03, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                put_size(p, *size);
            }),
            Self::Window { pane, until } => put_frame(out, 0x04, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&until.to_be_bytes());
            }),
            Self::Inspect => put_frame(out, 0x06, |_| {}),
            Self::Policy { root_allowed } => put_frame(out, 0x07, |p| p.push(u8::from(*root_allowed))),
        }
    }

    /// Decodes tag and payload of one frame.
    ///
    /// # Errors
    /// [`FrameError`] when they are not exactly one message to the guest.
    pub fn decode(tag: u8, payload: &[u8]) -> Result<Self, FrameError> {
        let mut r = Reader { tag, rest: payload };
        let message = match tag {
            0x01 => {
                let (pane, size, from) = (r.u16()?, r.size()?, r.u64()?);
                let name = std::str::from_utf8(r.rest()).map_err(|_| FrameError::MalformedPayload(tag))?;
                if name.is_empty() || name.len() > PANE_NAME_BYTES_MAX {
                    return Err(FrameError::MalformedPayload(tag));
                }
                Self::Open { pane, name: name.to_owned(), size, from }
            }
            0x02 => Self::Input { pane: r.u16()?, bytes: r.rest().to_vec() },
            0x03 => Self::Resize { pane: r.u16()?, size: r.size()? },
            0x04 => Self::Window { pane: r.u16()?, until: r.u64()? },
            0x06 => Self::Inspect,
            0x07 => Self::Policy { root_allowed: r.u8()? != 0 },
            other => return Err(FrameError::UnknownTag(other)),
        };
        r.end().map(|()| message)
    }
}

impl FromGuest {
    /// Appends the encoded frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { version, boot_id } => put_frame(out, 0x81, |p| {
                p.extend_from_slice(&version.to_be_bytes());
                p.extend_from_slice(&boot_id.to_be_bytes());
            }),
            Self::Opened { pane, oldest, newest, new_shell } => put_frame(out, 0x82, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&oldest.to_be_bytes());
                p.extend_from_slice(&newest.to_be_bytes());
                p.push(u8::from(*new_shell));
            }),
            Self::Output { pane, position, bytes } => Self::encode_output(out, *pane, *position, bytes),
            Self::Exited { pane, status } => put_frame(out, 0x84, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&status.to_be_bytes());
            }),
            Self::Report(report) => {
                put_frame(out, 0x85, |p| p.extend_from_slice(&serde_json::to_vec(report).unwrap_or_default()));
            }
            Self::OpenFailed { pane, errno } => put_frame(out, 0x87, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&errno.to_be_bytes());
            }),
            Self::InputAck { pane, bytes } => put_frame(out, 0x88, |p| {
                p.extend_from_slice(&pane.to_be_bytes());
                p.extend_from_slice(&bytes.to_be_bytes());
            }),
        }
    }

    /// Appends an [`FromGuest::Output`] frame without building the message first, which would copy the bytes.
    pub fn encode_output(out: &mut Vec<u8>, pane: PaneNumber, position: u64, bytes: &[u8]) {
        put_frame(out, 0x83, |p| {
            p.extend_from_slice(&pane.to_be_bytes());
            p.extend_from_slice(&position.to_be_bytes());
            p.extend_from_slice(bytes);
        });
    }

    /// Decodes tag and payload of one frame.
    ///
    /// # Errors
    /// [`FrameError`] when they are not exactly one message from the guest.
    pub fn decode(tag: u8, payload: &[u8]) -> Result<Self, FrameError> {
        let mut r = Reader { tag, rest: payload };
        let message = match tag {
            0x81 => Self::Hello { version: r.u16()?, boot_id: r.u64()? },
            0x82 => Self::Opened { pane: r.u16()?, oldest: r.u64()?, newest: r.u64()?, new_shell: r.u8()? != 0 },
            0x83 => Self::Output { pane: r.u16()?, position: r.u64()?, bytes: r.rest().to_vec() },
            0x84 => Self::Exited { pane: r.u16()?, status: r.i32()? },
            0x85 => Self::Report(serde_json::from_slice(r.rest()).map_err(|_| FrameError::MalformedPayload(tag))?),
            0x87 => Self::OpenFailed { pane: r.u16()?, errno: r.i32()? },
            0x88 => Self::InputAck { pane: r.u16()?, bytes: u32::from_be_bytes(r.take()?) },
            other => return Err(FrameError::UnknownTag(other)),
        };
        r.end().map(|()| message)
    }
}

/// Appends a frame: length and tag, then what `fill` appends as the payload.
fn put_frame(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
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

/// Reads the fields of a payload in order.
struct Reader<'a> {
    tag: u8,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(FrameError::MalformedPayload(self.tag))?;
        self.rest = rest;
        Ok(*head)
    }
    fn u8(&mut self) -> Result<u8, FrameError> {
        self.take::<1>().map(|[b]| b)
    }
    fn u16(&mut self) -> Result<u16, FrameError> {
        self.take().map(u16::from_be_bytes)
    }
    fn u64(&mut self) -> Result<u64, FrameError> {
        self.take().map(u64::from_be_bytes)
    }
    fn i32(&mut self) -> Result<i32, FrameError> {
        self.take().map(i32::from_be_bytes)
    }
    fn size(&mut self) -> Result<Size, FrameError> {
        Ok(Size::clamped(self.u16()?, self.u16()?))
    }
    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
    fn end(self) -> Result<(), FrameError> {
        if self.rest.is_empty() { Ok(()) } else { Err(FrameError::MalformedPayload(self.tag)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameBuffer, VERSION};

    fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> (u8, Vec<u8>) {
        let (mut bytes, mut buffer) = (Vec::new(), FrameBuffer::default());
        encode(&mut bytes);
        buffer.push(&bytes);
        let (tag, payload) = buffer.next_frame().unwrap().unwrap();
        (tag, payload.to_vec())
    }

    #[test]
    fn messages_to_the_guest_round_trip() {
        let size = Size { cols: 80, rows: 24 };
        for message in [
            ToGuest::Open { pane: 1, name: "main".into(), size, from: 5 },
            ToGuest::Input { pane: 1, bytes: vec![0, 255] },
            ToGuest::Resize { pane: 1, size },
            ToGuest::Window { pane: 1, until: 1 << 40 },
            ToGuest::Inspect,
            ToGuest::Policy { root_allowed: true },
        ] {
            let (tag, payload) = encoded(|out| message.encode(out));
            assert_eq!(ToGuest::decode(tag, &payload), Ok(message));
        }
    }

    #[test]
    fn messages_from_the_guest_round_trip() {
        for message in [
            FromGuest::Hello { version: VERSION, boot_id: 42 },
            FromGuest::Opened { pane: 2, oldest: 1, newest: 9, new_shell: false },
            FromGuest::Output { pane: 2, position: 9, bytes: b"x".to_vec() },
            FromGuest::Exited { pane: 2, status: 130 },
            FromGuest::Report(Box::default()),
            FromGuest::OpenFailed { pane: 2, errno: 2 },
            FromGuest::InputAck { pane: 2, bytes: 70_000 },
        ] {
            let (tag, payload) = encoded(|out| message.encode(out));
            assert_eq!(FromGuest::decode(tag, &payload), Ok(message));
        }
    }

    #[test]
    fn malformed_payloads_are_errors_and_never_panic() {
        for tag in 0..=255u8 {
            for len in 0..24 {
                let payload = vec![0xee; len];
                let _ = ToGuest::decode(tag, &payload);
                let _ = FromGuest::decode(tag, &payload);
            }
        }
        assert_eq!(ToGuest::decode(0x06, &[1]), Err(FrameError::MalformedPayload(6)));
    }

    #[test]
    fn tags_of_version_1_that_were_removed_are_unknown() {
        assert_eq!(ToGuest::decode(0x05, &[0, 1]), Err(FrameError::UnknownTag(0x05)));
        assert_eq!(FromGuest::decode(0x86, &[0, 1, 1]), Err(FrameError::UnknownTag(0x86)));
    }
}
