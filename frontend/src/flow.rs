//! Positions: what of the output has been taken in, what has been parsed, when to say so. Pure; no socket, no screen.

/// Parsed bytes are acknowledged at once from this many on.
const ACK_BYTES: u64 = 32 * 1024;

/// What to do with a piece of output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Feed it from this offset on.
    From(usize),
    /// All of it is known already.
    Nothing,
    /// Something between is missing: only a fresh snapshot helps.
    Gap,
}

/// Where one connection's output stands.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Position after the last byte handed to the emulator; absent before the first.
    taken: Option<u64>,
    parsed: u64,
    acked: u64,
}

impl Flow {
    /// The position to resume from, when anything has been taken in.
    pub(crate) fn resume_from(&self) -> Option<u64> {
        self.taken
    }

    /// Forgets everything: the next connection starts from a snapshot.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A piece of output that starts at `position`.
    pub(crate) fn take(&mut self, position: u64, len: usize) -> Take {
        let end = position.saturating_add(len as u64);
        match self.taken {
            Some(taken) if position > taken => Take::Gap,
            Some(taken) if end <= taken => Take::Nothing,
            Some(taken) => {
                self.taken = Some(end);
                Take::From((taken - position) as usize)
            }
            None => {
                self.taken = Some(end);
                Take::From(0)
            }
        }
    }

    /// The screen was redrawn; live bytes continue at `position`.
    pub(crate) fn snapshot(&mut self, position: u64) {
        self.taken = Some(position);
    }

    /// The emulator has parsed everything up to here. True when that is worth saying at once.
    pub(crate) fn parsed(&mut self, position: u64) -> bool {
        self.parsed = self.parsed.max(position);
        self.parsed - self.acked.min(self.parsed) >= ACK_BYTES
    }

    /// The position to acknowledge, when there is something new.
    pub(crate) fn ack(&mut self) -> Option<u64> {
        let fresh = self.parsed > self.acked;
        self.acked = self.parsed;
        fresh.then_some(self.parsed)
    }

    /// A new connection counts its acknowledgements anew.
    pub(crate) fn reconnected(&mut self) {
        self.acked = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_taken_once_and_in_order() {
        let mut flow = Flow::default();
        assert_eq!(flow.take(100, 10), Take::From(0));
        assert_eq!(flow.take(110, 5), Take::From(0));
        assert_eq!(flow.take(110, 5), Take::Nothing);
        assert_eq!(flow.take(112, 6), Take::From(3));
        assert_eq!(flow.take(130, 1), Take::Gap);
        assert_eq!(flow.resume_from(), Some(118));
    }

    #[test]
    fn a_snapshot_moves_the_position() {
        let mut flow = Flow::default();
        flow.snapshot(5_000);
        assert_eq!(flow.take(5_000, 1), Take::From(0));
        flow.forget();
        assert_eq!(flow.resume_from(), None);
    }

    #[test]
    fn acknowledgements_are_gathered() {
        let mut flow = Flow::default();
        assert!(!flow.parsed(100));
        assert!(flow.parsed(100 + ACK_BYTES));
        assert_eq!(flow.ack(), Some(100 + ACK_BYTES));
        assert_eq!(flow.ack(), None);
        assert!(!flow.parsed(101 + ACK_BYTES));
        assert_eq!(flow.ack(), Some(101 + ACK_BYTES));
    }
}
