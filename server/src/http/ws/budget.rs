//! How many frames a socket handles. A client that sends more is read more slowly; it is not disconnected.

use tokio::time::{Duration, Instant, sleep_until};

/// Frames per second of one socket. A person types a few, a program that pastes or acknowledges output some hundreds.
const FRAMES_PER_SECOND: u32 = 4000;
/// Frames that a socket may send at once after a pause.
const BURST: u32 = 4000;

/// The budget of one socket: a token bucket.
#[derive(Debug)]
pub(super) struct FrameBudget {
    /// When the bucket is full again. Each frame moves it by its share of a second.
    full_at: Instant,
}

impl FrameBudget {
    /// A full bucket.
    pub(super) fn new() -> Self {
        Self { full_at: Instant::now() }
    }

    /// Takes one frame. Waits while the bucket is empty, and lets other tasks run from time to time.
    pub(super) async fn take(&mut self) {
        if let Some(until) = self.charge(Instant::now()) {
            sleep_until(until).await;
        }
        tokio::task::consume_budget().await;
    }

    /// Charges one frame. Returns until when the caller has to wait.
    fn charge(&mut self, now: Instant) -> Option<Instant> {
        let (share, burst) =
            (Duration::from_secs(1) / FRAMES_PER_SECOND, Duration::from_secs(1) / FRAMES_PER_SECOND * BURST);
        self.full_at = self.full_at.max(now) + share;
        let begin = self.full_at.checked_sub(burst)?;
        (begin > now).then_some(begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A4: 1.7 million Ack frames a second.
    #[test]
    fn a_socket_handles_a_burst_and_then_its_rate() {
        let now = Instant::now();
        let mut budget = FrameBudget { full_at: now };
        for _ in 0..BURST {
            assert_eq!(budget.charge(now), None);
        }
        let after_a_second = (0..FRAMES_PER_SECOND).map(|_| budget.charge(now)).last().flatten().unwrap();
        assert!(after_a_second.duration_since(now) >= Duration::from_millis(990), "{after_a_second:?}");
        let later = now + Duration::from_secs(60);
        assert_eq!(budget.charge(later), None, "a pause fills the bucket");
    }
}
