//! The newest output of a pane, addressed by absolute positions. Guest and server each keep one, so that a client or a
//! restarted server can resume.
//!
//! A position counts every byte that the pane has produced. It never decreases, not even when the shell is restarted.

use std::collections::VecDeque;

/// A bounded buffer that holds the newest bytes of an unbounded stream.
#[derive(Debug)]
pub struct OutputBuffer {
    bytes: VecDeque<u8>,
    capacity: usize,
    start: u64,
    newest: u64,
}

impl OutputBuffer {
    /// An empty buffer whose first byte will have position `start`. It keeps at most `capacity` bytes, and allocates
    /// only as output arrives.
    pub fn new(start: u64, capacity: usize) -> Self {
        Self { bytes: VecDeque::new(), capacity: capacity.max(1), start, newest: start }
    }

    /// Position of the first byte of the stream.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Position of the oldest byte in the buffer; equal to [`OutputBuffer::newest`] when it is empty.
    pub fn oldest(&self) -> u64 {
        self.newest - self.bytes.len() as u64
    }

    /// Position after the newest byte.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Appends bytes and drops the oldest ones that no longer fit.
    pub fn push(&mut self, bytes: &[u8]) {
        self.newest += bytes.len() as u64;
        let kept = &bytes[bytes.len().saturating_sub(self.capacity)..];
        let overflow = (self.bytes.len() + kept.len()).saturating_sub(self.capacity);
        self.bytes.drain(..overflow);
        let needed = self.bytes.len() + kept.len();
        if needed > self.bytes.capacity() {
            // `VecDeque` may round up to twice the capacity by itself.
            let target = (2 * needed).max(1024).min(self.capacity);
            self.bytes.reserve_exact(target - self.bytes.len());
        }
        self.bytes.extend(kept);
    }

    /// At most `max` bytes from position `from` on, as two consecutive slices. `None` when `from` is not in the buffer
    /// because it was dropped or not produced yet.
    pub fn read(&self, from: u64, max: usize) -> Option<(&[u8], &[u8])> {
        if from < self.oldest() || from > self.newest {
            return None;
        }
        let at = usize::try_from(from - self.oldest()).ok()?;
        let len = max.min(self.bytes.len() - at);
        let (front, back) = self.bytes.as_slices();
        let split = front.len();
        let slice = |slice: &'_ [u8], offset: usize| {
            let begin = at.saturating_sub(offset).min(slice.len());
            let end = (at + len).saturating_sub(offset).min(slice.len());
            begin..end
        };
        Some((&front[slice(front, 0)], &back[slice(back, split)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Xorshift generator with a fixed seed, so that failures are reproducible.
    fn rng(mut seed: u64) -> impl FnMut(u64) -> u64 {
        move |below| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        }
    }

    #[test]
    fn reads_return_the_bytes_at_their_positions_for_any_chunking() {
        let mut next = rng(7);
        for round in 0..200 {
            let (start, capacity) = (next(1000), 1 + usize::try_from(next(64)).unwrap());
            let (mut buffer, mut all) = (OutputBuffer::new(start, capacity), Vec::new());
            for _ in 0..40 {
                let piece: Vec<u8> = (0..next(100)).map(|_| u8::try_from(next(256)).unwrap()).collect();
                buffer.push(&piece);
                all.extend_from_slice(&piece);
                assert_eq!(buffer.newest(), start + all.len() as u64);
                let kept = all.len().min(capacity);
                assert_eq!(buffer.oldest(), buffer.newest() - kept as u64, "round {round}");
                for from in buffer.oldest()..=buffer.newest() {
                    let max = usize::try_from(next(80)).unwrap();
                    let (a, b) = buffer.read(from, max).unwrap();
                    let at = usize::try_from(from - start).unwrap();
                    assert_eq!([a, b].concat(), all[at..all.len().min(at + max)], "round {round}");
                }
            }
        }
    }

    #[test]
    fn reads_outside_the_buffer_return_none() {
        let mut buffer = OutputBuffer::new(10, 4);
        assert_eq!(buffer.read(10, 9), Some((&b""[..], &b""[..])));
        buffer.push(b"abcdef");
        assert_eq!((buffer.oldest(), buffer.newest()), (12, 16));
        assert!(buffer.read(11, 1).is_none());
        assert!(buffer.read(17, 1).is_none());
        assert_eq!(buffer.read(16, 1), Some((&b""[..], &b""[..])));
    }
}
