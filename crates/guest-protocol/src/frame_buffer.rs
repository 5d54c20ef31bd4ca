//! Reassembles frames from a byte stream.

use protocol::limits;

use crate::FrameError;

/// Collects the bytes read from a stream and returns complete frames.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    /// Index of the first byte of the next frame.
    start: usize,
}

impl FrameBuffer {
    /// Appends bytes read from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > limits::GUEST_FRAME_BYTES_MAX {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes the next complete frame and returns its tag and payload. `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`FrameError::Length`]. The stream cannot be read any further.
    pub fn next_frame(&mut self) -> Result<Option<(u8, &[u8])>, FrameError> {
        let pending = &self.bytes[self.start..];
        let Some((head, rest)) = pending.split_first_chunk::<4>() else { return Ok(None) };
        let len = u32::from_be_bytes(*head);
        if len == 0 || len as usize > limits::GUEST_FRAME_BYTES_MAX {
            return Err(FrameError::Length(len));
        }
        if rest.len() < len as usize {
            return Ok(None);
        }
        let from = self.start + 4;
        self.start = from + len as usize;
        Ok(Some((self.bytes[from], &self.bytes[from + 1..self.start])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToGuest;

    #[test]
    fn frames_are_reassembled_from_chunks_of_every_size() {
        let messages = [
            ToGuest::Input { pane: 1, bytes: vec![0, 255] },
            ToGuest::Window { pane: 1, until: 1 << 40 },
            ToGuest::Inspect,
            ToGuest::Policy { root_allowed: true },
        ];
        let mut stream = Vec::new();
        messages.iter().for_each(|m| m.encode(&mut stream));
        for size in 1..stream.len() {
            let (mut buffer, mut decoded) = (FrameBuffer::default(), Vec::new());
            for chunk in stream.chunks(size) {
                buffer.push(chunk);
                while let Some((tag, payload)) = buffer.next_frame().unwrap() {
                    decoded.push(ToGuest::decode(tag, payload).unwrap());
                }
            }
            assert_eq!(decoded, messages, "chunks of {size} bytes");
        }
    }

    #[test]
    fn lengths_outside_the_limits_are_errors() {
        for len in [0, u32::try_from(limits::GUEST_FRAME_BYTES_MAX).unwrap() + 1, u32::MAX] {
            let mut buffer = FrameBuffer::default();
            buffer.push(&[&len.to_be_bytes()[..], &[1]].concat());
            assert_eq!(buffer.next_frame(), Err(FrameError::Length(len)));
        }
    }
}
