//! Output positions of one terminal: accepted, parsed, acknowledged. Pure, without socket or emulator.

/// From this many parsed bytes on, the acknowledgement is sent without delay.
const ACK_BYTES: u64 = 32 * 1024;

/// What to do with a chunk of output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Accept {
    /// Write it from this offset on.
    From(usize),
    /// All of it was accepted before.
    Duplicate,
    /// Output is missing before it; a new snapshot is needed.
    Gap,
}

/// Output positions of one terminal, in bytes.
#[derive(Debug, Default)]
pub(crate) struct OutputPositions {
    /// Position after the last byte written to the emulator; `None` before the first.
    accepted: Option<u64>,
    parsed: u64,
    acked: u64,
}

impl OutputPositions {
    /// The position to resume from, if any output was accepted.
    pub(crate) fn resume_from(&self) -> Option<u64> {
        self.accepted
    }

    /// Drops all positions, so that the next connection starts from a snapshot.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Decides whether to write a chunk of `len` bytes that starts at `position`.
    pub(crate) fn accept(&mut self, position: u64, len: usize) -> Accept {
        let end = position.saturating_add(len as u64);
        match self.accepted {
            Some(accepted) if position > accepted => Accept::Gap,
            Some(accepted) if end <= accepted => Accept::Duplicate,
            Some(accepted) => {
                self.accepted = Some(end);
                Accept::From((accepted - position) as usize)
            }
            None => {
                self.accepted = Some(end);
                Accept::From(0)
            }
        }
    }

    /// The screen is redrawn; live output continues at `position`.
    pub(crate) fn snapshot(&mut self, position: u64) {
        self.accepted = Some(position);
    }

    /// The emulator has parsed everything before `position`. True when the acknowledgement must be sent without delay.
    pub(crate) fn parsed(&mut self, position: u64) -> bool {
        self.parsed = self.parsed.max(position);
        self.parsed - self.acked.min(self.parsed) >= ACK_BYTES
    }

    /// The position to acknowledge, if it moved since the last acknowledgement.
    pub(crate) fn ack(&mut self) -> Option<u64> {
        let moved = self.parsed > self.acked;
        self.acked = self.parsed;
        moved.then_some(self.parsed)
    }

    /// Starts a new connection, to which nothing is acknowledged yet.
    pub(crate) fn reconnected(&mut self) {
        self.acked = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_accepted_once_and_in_order() {
        let mut positions = OutputPositions::default();
        assert_eq!(positions.accept(100, 10), Accept::From(0));
        assert_eq!(positions.accept(110, 5), Accept::From(0));
        assert_eq!(positions.accept(110, 5), Accept::Duplicate);
        assert_eq!(positions.accept(112, 6), Accept::From(3));
        assert_eq!(positions.accept(130, 1), Accept::Gap);
        assert_eq!(positions.resume_from(), Some(118));
    }

    #[test]
    fn a_snapshot_moves_the_position() {
        let mut positions = OutputPositions::default();
        positions.snapshot(5_000);
        assert_eq!(positions.accept(5_000, 1), Accept::From(0));
        positions.reset();
        assert_eq!(positions.resume_from(), None);
    }

    #[test]
    fn small_output_is_acknowledged_together() {
        let mut positions = OutputPositions::default();
        assert!(!positions.parsed(100));
        assert!(positions.parsed(100 + ACK_BYTES));
        assert_eq!(positions.ack(), Some(100 + ACK_BYTES));
        assert_eq!(positions.ack(), None);
        assert!(!positions.parsed(101 + ACK_BYTES));
        assert_eq!(positions.ack(), Some(101 + ACK_BYTES));
    }
}
