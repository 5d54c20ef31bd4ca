//! Whether input is queued while a connection is being opened. Pure functions.

/// Input that is queued at most, in bytes.
const QUEUED_BYTES_MAX: usize = 256 * 1024;

/// A connection that is being opened. Input is queued until the connection is open and its screen is drawn. All of it
/// is sent, or none when it is too much or too old, because a command without its beginning is another command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The old connection ended for a new one with a new cookie; the page does not show it.
    pub(crate) renewal: bool,
    /// The server accepted the connection, and its first output is being drawn.
    drawing: bool,
    /// When the oldest queued input was typed, in microseconds.
    since: Option<u64>,
    overflowed: bool,
}

impl Opening {
    /// While the first connection is opened.
    pub(crate) const FIRST: Self = Self { renewal: false, drawing: false, since: None, overflowed: false };
    /// While a connection is renewed.
    pub(crate) const RENEWAL: Self = Self { renewal: true, ..Self::FIRST };

    /// Sets whether the first output of the connection is being drawn.
    pub(crate) const fn with_drawing(self, drawing: bool) -> Self {
        Self { drawing, ..self }
    }

    /// Whether queued input waits for the first output only.
    pub(crate) const fn is_drawing(self) -> bool {
        self.drawing
    }

    /// Whether `bytes` typed at `now` may be queued behind `queued` ones.
    pub(crate) fn may_queue(&mut self, queued: usize, bytes: usize, now: u64) -> bool {
        self.since.get_or_insert(now);
        self.overflowed |= queued + bytes > QUEUED_BYTES_MAX;
        !self.overflowed
    }

    /// Whether the queued input may be sent at `now`.
    pub(crate) fn may_send(&self, now: u64) -> bool {
        let micros_max = if self.renewal { 3_000_000 } else { 10_000_000 };
        !self.overflowed && self.since.is_none_or(|since| now.saturating_sub(since) <= micros_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    /// U1.
    #[test]
    fn input_is_sent_until_its_oldest_part_is_too_old() {
        for (mut opening, secs) in [(Opening::FIRST, 10), (Opening::RENEWAL, 3)] {
            assert!(opening.may_send(100 * SECOND), "nothing was typed");
            assert!(opening.may_queue(0, 1, 100 * SECOND) && opening.may_queue(1, 1, 101 * SECOND));
            assert!(opening.may_send((100 + secs) * SECOND), "{opening:?}");
            assert!(!opening.may_send((100 + secs) * SECOND + 1), "{opening:?}");
        }
    }

    #[test]
    fn too_much_input_is_dropped_as_a_whole() {
        let mut opening = Opening::FIRST;
        assert!(opening.may_queue(0, QUEUED_BYTES_MAX, 0) && opening.may_send(0));
        assert!(!opening.may_queue(QUEUED_BYTES_MAX, 1, 0));
        assert!(!opening.may_queue(0, 1, 0), "the beginning is missing");
        assert!(!opening.may_send(0));
    }
}
