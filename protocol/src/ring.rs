//! The newest bytes of a pane under absolute positions: what the guest and the server both keep for resume.
//!
//! A position counts every byte the pane ever put out; it never goes back, not even over restarts of the shell.
//! The ring takes memory only as output comes, up to its capacity.

/// A bounded window over an endless stream of bytes.
#[derive(Debug)]
pub struct Ring {
    bytes: Vec<u8>,
    capacity: usize,
    start: u64,
    newest: u64,
}

impl Ring {
    /// An empty ring whose first byte will have position `start`; it keeps at most `capacity` bytes.
    pub fn new(start: u64, capacity: usize) -> Self {
        Self { bytes: Vec::new(), capacity: capacity.max(1), start, newest: start }
    }

    /// Position of the first byte there ever was.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Position of the oldest byte still here; equal to [`Ring::newest`] when there is none.
    pub fn oldest(&self) -> u64 {
        self.newest - self.bytes.len() as u64
    }

    /// Position after the newest byte.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Adds bytes; the oldest fall out.
    pub fn push(&mut self, bytes: &[u8]) {
        // Of more than fits only the end stays, but every byte counts.
        let kept = &bytes[bytes.len().saturating_sub(self.capacity)..];
        if kept.len() < bytes.len() {
            self.bytes.clear();
            self.newest += (bytes.len() - kept.len()) as u64;
        }
        let mut rest = kept;
        if self.bytes.len() < self.capacity {
            let room = self.capacity - self.bytes.len();
            let (head, tail) = rest.split_at(rest.len().min(room));
            let needed = self.bytes.len() + head.len();
            if needed > self.bytes.capacity() {
                let target = (2 * needed).max(1024).min(self.capacity);
                self.bytes.reserve_exact(target - self.bytes.len());
            }
            self.bytes.extend_from_slice(head);
            self.newest += head.len() as u64;
            rest = tail;
            if self.bytes.len() == self.capacity {
                // From now on a byte's place is its position modulo the capacity.
                let turn = self.place(self.oldest());
                self.bytes.rotate_right(turn);
            }
        }
        while !rest.is_empty() {
            let at = self.place(self.newest);
            let (head, tail) = rest.split_at(rest.len().min(self.capacity - at));
            self.bytes[at..at + head.len()].copy_from_slice(head);
            self.newest += head.len() as u64;
            rest = tail;
        }
    }

    /// At most `max` bytes from position `from` on, in two pieces that belong together. `None` when `from` is not
    /// in the ring (too old, or in the future).
    pub fn read(&self, from: u64, max: usize) -> Option<(&[u8], &[u8])> {
        if from < self.oldest() || from > self.newest {
            return None;
        }
        let len = usize::try_from(self.newest - from).unwrap_or(usize::MAX).min(max);
        if self.bytes.len() < self.capacity {
            let at = usize::try_from(from - self.oldest()).unwrap_or(usize::MAX);
            return Some((&self.bytes[at..at + len], &[]));
        }
        let at = self.place(from);
        let first = len.min(self.capacity - at);
        Some((&self.bytes[at..at + first], &self.bytes[..len - first]))
    }

    fn place(&self, position: u64) -> usize {
        // The remainder is below the capacity, which is a usize.
        usize::try_from(position % self.capacity as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator, so that a failure can be repeated.
    fn numbers(mut seed: u64) -> impl FnMut(u64) -> u64 {
        move |below| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        }
    }

    #[test]
    fn every_position_gives_its_own_byte_whatever_the_pieces_were() {
        let mut next = numbers(7);
        for round in 0..200 {
            let (start, capacity) = (next(1000), 1 + usize::try_from(next(64)).unwrap());
            let (mut ring, mut all) = (Ring::new(start, capacity), Vec::new());
            for _ in 0..40 {
                let piece: Vec<u8> = (0..next(100)).map(|_| u8::try_from(next(256)).unwrap()).collect();
                ring.push(&piece);
                all.extend_from_slice(&piece);
                assert_eq!(ring.newest(), start + all.len() as u64);
                let kept = all.len().min(capacity);
                assert_eq!(ring.oldest(), ring.newest() - kept as u64, "round {round}");
                for from in ring.oldest()..=ring.newest() {
                    let max = usize::try_from(next(80)).unwrap();
                    let (a, b) = ring.read(from, max).unwrap();
                    let at = usize::try_from(from - start).unwrap();
                    assert_eq!([a, b].concat(), all[at..all.len().min(at + max)], "round {round}");
                }
            }
        }
    }

    #[test]
    fn what_fell_out_or_is_not_yet_there_is_not_guessed() {
        let mut ring = Ring::new(10, 4);
        assert_eq!(ring.read(10, 9), Some((&b""[..], &b""[..])));
        ring.push(b"abcdef");
        assert_eq!((ring.oldest(), ring.newest()), (12, 16));
        assert!(ring.read(11, 1).is_none());
        assert!(ring.read(17, 1).is_none());
        assert_eq!(ring.read(16, 1), Some((&b""[..], &b""[..])));
    }
}
