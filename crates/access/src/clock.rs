//! The source of the current time. All other code takes the time as a value, so that tests control it.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    sync::{Arc, LazyLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use protocol::Timestamp;

/// Origin of the monotonic time of [`Clock::System`].
static PROCESS_START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A source of wall-clock time and of monotonic time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clocks.
    System,
    /// A clock that tests set.
    Manual(Arc<ManualTime>),
}

/// The times of a manual clock.
#[derive(Debug)]
pub struct ManualTime {
    /// Milliseconds since the Unix epoch.
    wall_ms: AtomicI64,
    monotonic_ms: AtomicI64,
}

impl Clock {
    /// A manual clock that starts at `at`.
    pub fn manual(at: Timestamp) -> Self {
        let (wall_ms, monotonic_ms) = (AtomicI64::new(at.millis()), AtomicI64::new(0));
        Self::Manual(Arc::new(ManualTime { wall_ms, monotonic_ms }))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(time) => Timestamp::from_millis(time.wall_ms.load(Ordering::SeqCst)),
        }
    }

    /// Time since an arbitrary origin. Setting the wall clock does not change it.
    fn monotonic(&self) -> Duration {
        match self {
            Self::System => PROCESS_START.elapsed(),
            Self::Manual(time) => Duration::from_millis(time.monotonic_ms.load(Ordering::SeqCst).max(0).unsigned_abs()),
        }
    }

    /// Advances both times of a manual clock. Has no effect on the machine's clocks.
    pub fn advance_secs(&self, secs: i64) {
        self.adjust_wall_secs(secs);
        if let Self::Manual(time) = self {
            time.monotonic_ms.fetch_add(secs * 1000, Ordering::SeqCst);
        }
    }

    /// Adjusts the wall clock of a manual clock, back with a negative number. The monotonic time does not change.
    pub fn adjust_wall_secs(&self, secs: i64) {
        if let Self::Manual(time) = self {
            time.wall_ms.fetch_add(secs * 1000, Ordering::SeqCst);
        }
    }
}

/// The time for one lease: the wall clock, or the time at its start plus the monotonic time since then, whichever is
/// later. An end that is compared with it is therefore reached by whichever of the two clocks reaches it first, and
/// setting the wall clock back prolongs nothing.
#[derive(Debug)]
pub(crate) struct LeaseClock {
    clock: Clock,
    started: Timestamp,
    started_monotonic: Duration,
}

impl LeaseClock {
    /// Starts now.
    pub(crate) fn start(clock: Clock) -> Self {
        let (started, started_monotonic) = (clock.now(), clock.monotonic());
        Self { clock, started, started_monotonic }
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        let passed = self.clock.monotonic().saturating_sub(self.started_monotonic).as_millis();
        let by_monotonic = self.started.millis().saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        self.clock.now().max(Timestamp::from_millis(by_monotonic))
    }
}
