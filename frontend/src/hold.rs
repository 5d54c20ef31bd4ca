//! Whether input is kept while a connection is being opened. Pure functions.

/// More input than this is not kept, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Input is kept until the connection is open and its screen drawn: all of it, or none when it is too much or too old,
/// because a command without its beginning is another command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    /// The old connection ended for a new one with a new cookie; the page does not show it.
    pub(crate) renewal: bool,
    /// The server accepted the connection, and its first output is being drawn.
    drawing: bool,
    /// When the oldest kept input was typed, in microseconds.
    since: Option<u64>,
    overflowed: bool,
}

impl Hold {
    /// While the first connection is opened.
    pub(crate) const FIRST: Self = Self { renewal: false, drawing: false, since: None, overflowed: false };
    /// While a connection is renewed.
    pub(crate) const RENEWAL: Self = Self { renewal: true, ..Self::FIRST };

    /// Sets whether the first output of the connection is being drawn.
    pub(crate) const fn with_drawing(self, drawing: bool) -> Self {
        Self { drawing, ..self }
    }

    /// Whether kept input waits for the first output only.
    pub(crate) const fn is_drawing(self) -> bool {
        self.drawing
    }

    /// Whether `bytes` typed at `now` are kept in addition to `kept` ones.
    pub(crate) fn keep(&mut self, kept: usize, bytes: usize, now: u64) -> bool {
        self.since.get_or_insert(now);
        self.overflowed |= kept + bytes > BYTES_MAX;
        !self.overflowed
    }

    /// Whether the kept input is sent at `now`.
    pub(crate) fn is_sent(&self, now: u64) -> bool {
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
        for (mut hold, secs) in [(Hold::FIRST, 10), (Hold::RENEWAL, 3)] {
            assert!(hold.is_sent(100 * SECOND), "nothing was typed");
            assert!(hold.keep(0, 1, 100 * SECOND) && hold.keep(1, 1, 101 * SECOND));
            assert!(hold.is_sent((100 + secs) * SECOND), "{hold:?}");
            assert!(!hold.is_sent((100 + secs) * SECOND + 1), "{hold:?}");
        }
    }

    #[test]
    fn too_much_input_is_dropped_as_a_whole() {
        let mut hold = Hold::FIRST;
        assert!(hold.keep(0, BYTES_MAX, 0) && hold.is_sent(0));
        assert!(!hold.keep(BYTES_MAX, 1, 0));
        assert!(!hold.keep(0, 1, 0), "the beginning is missing");
        assert!(!hold.is_sent(0));
    }
}
