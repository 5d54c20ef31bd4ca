//! Wait times after wrong codes (NIST SP 800-63B 5.2.2). Pure functions.
//!
//! One counter per account covers all purposes and all clients but trusted devices, which have their own each. After
//! five failures in a row each further one doubles the wait, from 30 s to one hour. After a hundred, six-digit codes
//! are rejected until a recovery code is used or an administrator resets the factor; a device is no longer trusted.
//!
//! An attacker who has only the password guesses at login. Those failures are counted like all others, but their waits
//! apply to logins only, so that a logged-in user is not locked out by them.

use protocol::Timestamp;
use store::Factor;

use crate::auth::throttle::wait_secs;

/// Failures in a row before waits begin.
const FREE_TRIES: u32 = 5;
/// Failures in a row after which six-digit codes are rejected.
pub(super) const FAILURES_MAX: i64 = 100;

/// The counters of a factor after one more failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FailureState {
    pub(super) failures: i64,
    pub(super) wait_until: Timestamp,
    pub(super) login_wait_until: Timestamp,
    pub(super) stopped: bool,
}

/// Counts one more failure.
pub(super) fn after_failure(factor: &Factor, at_login: bool, now: Timestamp) -> FailureState {
    let failures = factor.failures + 1;
    let until = wait_until(failures, now);
    FailureState {
        failures,
        wait_until: if at_login { factor.wait_until } else { until.max(factor.wait_until) },
        login_wait_until: until.max(factor.login_wait_until),
        stopped: factor.stopped || failures >= FAILURES_MAX,
    }
}

/// End of the wait after this many failures in a row.
pub(super) fn wait_until(failures: i64, now: Timestamp) -> Timestamp {
    match wait_secs(u32::try_from(failures).unwrap_or(u32::MAX), FREE_TRIES) {
        0 => Timestamp::from_millis(0),
        secs => now.plus_secs(secs),
    }
}

/// Seconds left to wait; at most one hour, even when the clock was set back.
pub(super) fn remaining_secs(factor: &Factor, at_login: bool, now: Timestamp) -> u64 {
    secs_until(if at_login { factor.login_wait_until } else { factor.wait_until }, now)
}

/// Seconds until the end of a wait; at most one hour.
pub(super) fn secs_until(until: Timestamp, now: Timestamp) -> u64 {
    let ms = until.millis().saturating_sub(now.millis()).max(0);
    ms.unsigned_abs().div_ceil(1000).min(3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

    fn fail(factor: &mut Factor, at_login: bool) {
        let s = after_failure(factor, at_login, NOW);
        (factor.failures, factor.wait_until, factor.login_wait_until, factor.stopped) =
            (s.failures, s.wait_until, s.login_wait_until, s.stopped);
    }

    fn fresh() -> Factor {
        Factor {
            secret: None,
            last_step: -1,
            pending: None,
            pending_until: NOW,
            recovery_salt: None,
            failures: 0,
            wait_until: Timestamp::from_millis(0),
            login_wait_until: Timestamp::from_millis(0),
            stopped: false,
        }
    }

    #[test]
    fn waits_double_after_five_failures() {
        let mut factor = fresh();
        let mut waits = Vec::new();
        for _ in 0..13 {
            fail(&mut factor, false);
            waits.push(remaining_secs(&factor, false, NOW));
        }
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(remaining_secs(&factor, true, NOW), 3600, "a failure of a logged-in user applies to logins too");
    }

    #[test]
    fn failures_at_login_count_but_make_only_logins_wait() {
        let mut factor = fresh();
        for _ in 0..7 {
            fail(&mut factor, true);
        }
        assert_eq!((remaining_secs(&factor, true, NOW), remaining_secs(&factor, false, NOW)), (120, 0));
        fail(&mut factor, false);
        assert_eq!(remaining_secs(&factor, false, NOW), 240);
    }

    #[test]
    fn a_hundred_failures_stop_six_digit_codes() {
        let mut factor = fresh();
        for _ in 0..99 {
            fail(&mut factor, true);
        }
        assert!(!factor.stopped);
        fail(&mut factor, true);
        assert!(factor.stopped);
    }
}
