//! Round trips: which of them says something about the way to the server, and when there is no way any more. Pure; no clock, no
//! socket.

/// Trips at the beginning of a connection, one right after the other. The page is still busy with its own start then, and a
/// busy page only ever makes a trip longer: the shortest of them is nearest to the truth.
const FIRST: u8 = 3;

/// Pings in a row without any sign of the server, after which its line counts as dead: a network that went away closes nothing.
const UNANSWERED_MAX: u8 = 2;

/// The trips of one connection.
#[derive(Debug, Default)]
pub(crate) struct Trips {
    made: u8,
    shortest: Option<u32>,
    unanswered: u8,
}

/// What to do after a trip.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Make another one at once.
    Again,
    /// Show this, in tenths of a millisecond.
    Show(u32),
}

impl Trips {
    /// Anything came.
    pub(crate) fn heard(&mut self) {
        self.unanswered = 0;
    }

    /// The clock asks for another one; false when the line is dead.
    pub(crate) fn due(&mut self) -> bool {
        let lives = self.unanswered < UNANSWERED_MAX;
        self.unanswered += u8::from(lives);
        lives
    }

    /// A trip took this long.
    pub(crate) fn took(&mut self, tenths: u32) -> Next {
        if self.made >= FIRST {
            return Next::Show(tenths);
        }
        self.made += 1;
        let shortest = self.shortest.map_or(tenths, |shortest| shortest.min(tenths));
        self.shortest = Some(shortest);
        if self.made < FIRST { Next::Again } else { Next::Show(shortest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_still_busy_with_its_start_shows_no_long_trip() {
        let mut trips = Trips::default();
        assert_eq!(trips.took(9_000), Next::Again);
        assert_eq!(trips.took(4), Next::Again);
        assert_eq!(trips.took(70), Next::Show(4));
    }

    #[test]
    fn a_line_on_which_nothing_comes_is_dead_after_two_pings() {
        let mut trips = Trips::default();
        assert!(trips.due() && trips.due());
        trips.heard();
        assert!(trips.due() && trips.due());
        assert!(!trips.due());
    }

    #[test]
    fn later_trips_are_shown_as_they_are() {
        let mut trips = Trips::default();
        for _ in 0..FIRST {
            let _ = trips.took(4);
        }
        assert_eq!(trips.took(3_000), Next::Show(3_000));
        assert_eq!(trips.took(5), Next::Show(5));
    }
}
