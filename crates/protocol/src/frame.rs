//! Frames of the terminal socket, sub-protocol `rexec.v1`. Each frame is one binary message: a tag byte and a payload.
//! Integers are big-endian.
//!
//! Decoding never panics, and allocates no more than the length of the message.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, limits, problem::Problem};

/// Sub-protocol that client and server name in the handshake.
pub const SUBPROTOCOL: &str = "rexec.v1";

/// The message is not a frame of this protocol. The server closes the socket with 4400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidFrame {
    /// The message has no tag byte.
    Empty,
    /// The message is larger than [`limits::CLIENT_FRAME_BYTES_MAX`].
    TooLarge,
    /// The receiver does not accept this tag.
    UnknownTag(u8),
    /// The payload of this tag has the wrong length or is malformed.
    MalformedPayload(u8),
}

impl std::fmt::Display for InvalidFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty message"),
            Self::TooLarge => f.write_str("a message over the size limit"),
            Self::UnknownTag(tag) => write!(f, "an unknown tag 0x{tag:02x}"),
            Self::MalformedPayload(tag) => write!(f, "a bad payload for tag 0x{tag:02x}"),
        }
    }
}

impl std::error::Error for InvalidFrame {}

/// Size of a terminal in cells, within [`limits::COLS`] and [`limits::ROWS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Width.
    pub cols: u16,
    /// Height.
    pub rows: u16,
}

impl Size {
    /// The nearest size within the limits.
    pub fn clamped(cols: u16, rows: u16) -> Self {
        Self {
            cols: cols.clamp(*limits::COLS.start(), *limits::COLS.end()),
            rows: rows.clamp(*limits::ROWS.start(), *limits::ROWS.end()),
        }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self { cols: limits::SIZE_DEFAULT.0, rows: limits::SIZE_DEFAULT.1 }
    }
}

/// Frames from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame<'a> {
    /// 0x00: raw bytes that the user typed or pasted.
    Input(&'a [u8]),
    /// 0x01: new window size of the client.
    Resize(Size),
    /// 0x02: position up to which the client's emulator has parsed the output.
    Ack(u64),
    /// 0x03: nonce for the server's Pong.
    Ping(u64),
    /// 0x04: raw bytes that the client's emulator sends by itself, in reply to a query or as a report of the focus.
    /// They reach the shell like Input. They are not activity and do not change whose window size applies.
    Reply(&'a [u8]),
}

impl<'a> ClientFrame<'a> {
    /// Decodes one binary message.
    ///
    /// # Errors
    /// [`InvalidFrame`] when the message is not exactly one frame.
    pub fn decode(message: &'a [u8]) -> Result<Self, InvalidFrame> {
        if message.len() > limits::CLIENT_FRAME_BYTES_MAX {
            return Err(InvalidFrame::TooLarge);
        }
        let (&tag, payload) = message.split_first().ok_or(InvalidFrame::Empty)?;
        match tag {
            0x00 => Ok(Self::Input(payload)),
            0x01 => match *payload {
                [a, b, c, d] => Ok(Self::Resize(Size::clamped(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))),
                _ => Err(InvalidFrame::MalformedPayload(tag)),
            },
            0x02 => u64_payload(tag, payload).map(Self::Ack),
            0x03 => u64_payload(tag, payload).map(Self::Ping),
            0x04 => Ok(Self::Reply(payload)),
            other => Err(InvalidFrame::UnknownTag(other)),
        }
    }

    /// Encodes one binary message.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Input(bytes) => tagged(0x00, bytes),
            Self::Resize(size) => {
                let [a, b] = size.cols.to_be_bytes();
                let [c, d] = size.rows.to_be_bytes();
                vec![0x01, a, b, c, d]
            }
            Self::Ack(position) => tagged(0x02, &position.to_be_bytes()),
            Self::Ping(nonce) => tagged(0x03, &nonce.to_be_bytes()),
            Self::Reply(bytes) => tagged(0x04, bytes),
        }
    }
}

/// Payload of the server's first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Position from which the next Output or Snapshot continues.
    pub position: u64,
    /// Width of the pane.
    pub cols: u16,
    /// Height of the pane.
    pub rows: u16,
    /// The client's input and window size are accepted.
    pub writer: bool,
    /// End of the grant when the terminal is locked.
    pub granted_until: Option<Timestamp>,
    /// Name of the pane.
    pub pane: String,
}

/// Frames from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// 0x80: always the first frame.
    Hello(Hello),
    /// 0x81: output of the PTY.
    Output {
        /// Position of the first byte.
        position: u64,
        /// Raw bytes. A character may be split between two frames.
        bytes: Vec<u8>,
    },
    /// 0x82: the current screen, for a client that does not have the preceding output.
    Snapshot {
        /// Position of the output that follows.
        position: u64,
        /// Escape sequences and text that redraw the screen.
        bytes: Vec<u8>,
    },
    /// 0x83: exit status of the shell; 128 + signal number when it was killed.
    Exit(i32),
    /// 0x84: the nonce of a Ping.
    Pong(u64),
    /// 0x85: a warning. The socket stays open.
    Notice(Problem),
}

impl ServerFrame {
    /// Encodes one binary message.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello(hello) => tagged(0x80, &serde_json::to_vec(hello).unwrap_or_default()),
            Self::Output { position, bytes } => Self::encode_output(*position, bytes, &[]),
            Self::Snapshot { position, bytes } => Self::encode_snapshot(*position, bytes),
            Self::Exit(status) => tagged(0x83, &status.to_be_bytes()),
            Self::Pong(nonce) => tagged(0x84, &nonce.to_be_bytes()),
            Self::Notice(problem) => tagged(0x85, &serde_json::to_vec(problem).unwrap_or_default()),
        }
    }

    /// Encodes a Snapshot frame.
    pub fn encode_snapshot(position: u64, bytes: &[u8]) -> Vec<u8> {
        positioned(0x82, position, bytes)
    }

    /// Encodes an Output frame from two consecutive slices without joining them first.
    pub fn encode_output(position: u64, head: &[u8], tail: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(9 + head.len() + tail.len());
        message.push(0x81);
        message.extend_from_slice(&position.to_be_bytes());
        message.extend_from_slice(head);
        message.extend_from_slice(tail);
        message
    }

    /// Decodes one binary message.
    ///
    /// # Errors
    /// [`InvalidFrame`] when the message is not exactly one frame.
    pub fn decode(message: &[u8]) -> Result<Self, InvalidFrame> {
        let (&tag, payload) = message.split_first().ok_or(InvalidFrame::Empty)?;
        let bad = InvalidFrame::MalformedPayload(tag);
        match tag {
            0x80 => serde_json::from_slice(payload).map(Self::Hello).map_err(|_| bad),
            0x81 | 0x82 => {
                let (head, bytes) = payload.split_first_chunk::<8>().ok_or(bad)?;
                let (position, bytes) = (u64::from_be_bytes(*head), bytes.to_vec());
                Ok(if tag == 0x81 { Self::Output { position, bytes } } else { Self::Snapshot { position, bytes } })
            }
            0x83 => payload.try_into().map(|b| Self::Exit(i32::from_be_bytes(b))).map_err(|_| bad),
            0x84 => u64_payload(tag, payload).map(Self::Pong),
            0x85 => serde_json::from_slice(payload).map(Self::Notice).map_err(|_| bad),
            other => Err(InvalidFrame::UnknownTag(other)),
        }
    }
}

fn tagged(tag: u8, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(1 + payload.len());
    message.push(tag);
    message.extend_from_slice(payload);
    message
}

fn positioned(tag: u8, position: u64, bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(9 + bytes.len());
    message.push(tag);
    message.extend_from_slice(&position.to_be_bytes());
    message.extend_from_slice(bytes);
    message
}

fn u64_payload(tag: u8, payload: &[u8]) -> Result<u64, InvalidFrame> {
    payload.try_into().map(u64::from_be_bytes).map_err(|_| InvalidFrame::MalformedPayload(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProblemKind;

    #[test]
    fn client_frames_round_trip() {
        for frame in [
            ClientFrame::Input(b"ls\r\xff"),
            ClientFrame::Input(b""),
            ClientFrame::Resize(Size { cols: 132, rows: 43 }),
            ClientFrame::Ack(u64::MAX),
            ClientFrame::Ping(7),
            ClientFrame::Reply(b"\x1b[24;80R"),
            ClientFrame::Reply(b""),
        ] {
            assert_eq!(ClientFrame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn server_frames_round_trip() {
        let hello = Hello { position: 9, cols: 80, rows: 24, writer: true, granted_until: None, pane: "main".into() };
        for frame in [
            ServerFrame::Hello(hello),
            ServerFrame::Output { position: 3, bytes: vec![0xe2, 0x82] },
            ServerFrame::Snapshot { position: 0, bytes: vec![] },
            ServerFrame::Exit(-1),
            ServerFrame::Pong(7),
            ServerFrame::Notice(Problem::new(ProblemKind::Locked, "soon")),
        ] {
            assert_eq!(ServerFrame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn encoded_frames_match_the_documented_bytes() {
        assert_eq!(ClientFrame::decode(&[0x01, 0, 80, 0, 24]), Ok(ClientFrame::Resize(Size { cols: 80, rows: 24 })));
        assert_eq!(ClientFrame::decode(b"\x04\x1b[I"), Ok(ClientFrame::Reply(b"\x1b[I")));
        assert_eq!(
            ServerFrame::Output { position: 1, bytes: b"a".to_vec() }.encode(),
            [0x81, 0, 0, 0, 0, 0, 0, 0, 1, b'a']
        );
        assert_eq!(ServerFrame::Exit(1).encode(), [0x83, 0, 0, 0, 1]);
    }

    #[test]
    fn malformed_messages_are_errors_and_never_panic() {
        assert_eq!(ClientFrame::decode(&[]), Err(InvalidFrame::Empty));
        assert_eq!(ClientFrame::decode(&[0x80]), Err(InvalidFrame::UnknownTag(0x80)));
        assert_eq!(ClientFrame::decode(&[0x01, 0, 80]), Err(InvalidFrame::MalformedPayload(1)));
        assert_eq!(ClientFrame::decode(&vec![0; limits::CLIENT_FRAME_BYTES_MAX + 1]), Err(InvalidFrame::TooLarge));
        assert_eq!(
            ClientFrame::decode(&[0x01, 0, 0, 0xff, 0xff]),
            Ok(ClientFrame::Resize(Size { cols: *limits::COLS.start(), rows: *limits::ROWS.end() }))
        );
        for tag in 0..=255u8 {
            for len in 0..12 {
                let message = [vec![tag], vec![0xa5; len]].concat();
                let _ = ClientFrame::decode(&message);
                let _ = ServerFrame::decode(&message);
            }
        }
    }
}
