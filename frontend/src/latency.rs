//! Round-trip times of one connection, and detection of a lost connection. Pure, without clock or socket.

/// Number of initial samples, sent one directly after the other. The page is still busy then, which only lengthens a
/// sample, so the shortest one is the most accurate.
const INITIAL_SAMPLES: u8 = 3;

/// Pings without any received frame after which the connection is considered lost. A network that disappears does not
/// close the socket.
const UNANSWERED_PINGS_MAX: u8 = 2;

/// The measurements of one connection.
#[derive(Debug, Default)]
pub(crate) struct LatencyProbe {
    samples: u8,
    /// Tenths of a millisecond.
    shortest: Option<u32>,
    unanswered: u8,
}

/// What to do after a sample.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    /// Take another sample at once.
    Repeat,
    /// Show this, in tenths of a millisecond.
    Report(u32),
}

impl LatencyProbe {
    /// Any frame was received.
    pub(crate) fn received(&mut self) {
        self.unanswered = 0;
    }

    /// Called before each periodic ping; false when the connection is lost.
    pub(crate) fn ping_due(&mut self) -> bool {
        let alive = self.unanswered < UNANSWERED_PINGS_MAX;
        self.unanswered += u8::from(alive);
        alive
    }

    /// Adds a sample of `tenths` of a millisecond.
    pub(crate) fn record(&mut self, tenths: u32) -> Sample {
        if self.samples >= INITIAL_SAMPLES {
            return Sample::Report(tenths);
        }
        self.samples += 1;
        let shortest = self.shortest.map_or(tenths, |shortest| shortest.min(tenths));
        self.shortest = Some(shortest);
        if self.samples < INITIAL_SAMPLES { Sample::Repeat } else { Sample::Report(shortest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_initial_sample_is_reported() {
        let mut probe = LatencyProbe::default();
        assert_eq!(probe.record(9_000), Sample::Repeat);
        assert_eq!(probe.record(4), Sample::Repeat);
        assert_eq!(probe.record(70), Sample::Report(4));
    }

    #[test]
    fn a_connection_without_frames_is_considered_lost_after_two_pings() {
        let mut probe = LatencyProbe::default();
        assert!(probe.ping_due() && probe.ping_due());
        probe.received();
        assert!(probe.ping_due() && probe.ping_due());
        assert!(!probe.ping_due());
    }

    #[test]
    fn later_samples_are_reported_unchanged() {
        let mut probe = LatencyProbe::default();
        for _ in 0..INITIAL_SAMPLES {
            let _ = probe.record(4);
        }
        assert_eq!(probe.record(3_000), Sample::Report(3_000));
        assert_eq!(probe.record(5), Sample::Report(5));
    }
}
