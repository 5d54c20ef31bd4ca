//! How long wrong codes make wait (NIST SP 800-63B 5.2.2). Pure.
//!
//! One counter per account over every place that takes a code. After five failures in a row each further one doubles
//! the wait, from 30 s to one hour; after a hundred, six-digit codes are not looked at any more and only a recovery
//! code or an administrator helps.
//!
//! Somebody who has the password, and no more, guesses at sign-in. Those failures are counted like all others, but the
//! waits they cause hold for sign-ins alone: a person on a device that is signed in is not kept out by them.

use protocol::Timestamp;
use store::Factor;

use crate::auth::throttle::wait_secs;

/// Failures in a row before waits begin.
const FREE_TRIES: u32 = 5;
/// Failures in a row that stop the factor.
pub(super) const FAILURES_MAX: i64 = 100;

/// The counter after one more failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) failures: i64,
    pub(super) wait_until: Timestamp,
    pub(super) login_wait_until: Timestamp,
    pub(super) stopped: bool,
}

/// Counts one more failure.
pub(super) fn after_failure(factor: &Factor, at_sign_in: bool, now: Timestamp) -> Standing {
    let failures = factor.failures + 1;
    let wait = wait_secs(u32::try_from(failures).unwrap_or(u32::MAX), FREE_TRIES);
    let until = if wait == 0 { Timestamp::from_millis(0) } else { now.plus_secs(wait) };
    Standing {
        failures,
        wait_until: if at_sign_in { factor.wait_until } else { until.max(factor.wait_until) },
        login_wait_until: until.max(factor.login_wait_until),
        stopped: factor.stopped || failures >= FAILURES_MAX,
    }
}

/// Seconds left to wait; at most one hour, also when the clock went back.
pub(super) fn left(factor: &Factor, at_sign_in: bool, now: Timestamp) -> u64 {
    let until = if at_sign_in { factor.login_wait_until } else { factor.wait_until };
    let ms = until.millis().saturating_sub(now.millis()).max(0);
    ms.unsigned_abs().div_ceil(1000).min(3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

    fn fail(factor: &mut Factor, at_sign_in: bool) {
        let s = after_failure(factor, at_sign_in, NOW);
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
    fn five_are_free_then_waits_double() {
        let mut factor = fresh();
        let mut waits = Vec::new();
        for _ in 0..13 {
            fail(&mut factor, false);
            waits.push(left(&factor, false, NOW));
        }
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(left(&factor, true, NOW), 3600, "a failure on a signed-in device holds for sign-ins too");
    }

    #[test]
    fn guesses_at_sign_in_do_not_keep_a_signed_in_person_out_but_count() {
        let mut factor = fresh();
        for _ in 0..7 {
            fail(&mut factor, true);
        }
        assert_eq!((left(&factor, true, NOW), left(&factor, false, NOW)), (120, 0));
        fail(&mut factor, false);
        assert_eq!(left(&factor, false, NOW), 240);
    }

    #[test]
    fn a_hundred_failures_stop_the_factor() {
        let mut factor = fresh();
        for _ in 0..99 {
            fail(&mut factor, true);
        }
        assert!(!factor.stopped);
        fail(&mut factor, true);
        assert!(factor.stopped);
    }
}
