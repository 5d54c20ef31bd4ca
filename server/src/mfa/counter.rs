//! The counter of wrong codes that an attempt belongs to: that of its trusted device, or the one that all other
//! attempts on the account share. Attempts of one counter do not change the waits of another, so that somebody who has
//! only the password cannot make the owner's devices wait (FINDINGS L6).

use protocol::{Timestamp, UserId};
use store::{DeviceHash, Factor, StoreError, TrustedDeviceRow, Tx};

use super::backoff;
use crate::auth::trusted_device;

/// A counter, as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counter {
    Device(DeviceHash, TrustedDeviceRow),
    /// In the row of the factor.
    Shared,
}

/// A counter after one more failure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    pub(super) failures: i64,
    /// Six-digit codes are rejected since this failure.
    pub(super) stopped: bool,
    /// The device is not trusted since this failure.
    pub(super) device_removed: bool,
}

impl Counter {
    /// The counter of an attempt with this device cookie.
    pub(super) async fn of(
        tx: &mut Tx,
        user: UserId,
        device: Option<DeviceHash>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let Some(device) = device else { return Ok(Self::Shared) };
        let row = tx.trusted_device(user, &device, trusted_device::valid_since(now)).await?;
        Ok(row.map_or(Self::Shared, |row| Self::Device(device, row)))
    }

    /// Seconds left to wait.
    pub(super) fn remaining_secs(&self, factor: &Factor, at_login: bool, now: Timestamp) -> u64 {
        match self {
            Self::Device(_, row) => backoff::secs_until(row.wait_until, now),
            Self::Shared => backoff::remaining_secs(factor, at_login, now),
        }
    }

    /// Whether six-digit codes are rejected.
    pub(super) fn is_stopped(&self, factor: &Factor) -> bool {
        matches!(self, Self::Shared) && factor.stopped
    }

    /// Counts one more failure. A device with too many of them is no longer trusted.
    pub(super) async fn fail(
        &self,
        tx: &mut Tx,
        (user, factor): (UserId, &Factor),
        at_login: bool,
        now: Timestamp,
    ) -> Result<Failed, StoreError> {
        match self {
            Self::Device(device, row) => {
                let failures = row.failures + 1;
                let device_removed = failures >= backoff::FAILURES_MAX;
                if device_removed {
                    tx.delete_trusted_device(user, device).await?;
                } else {
                    tx.set_device_failures(user, device, failures, backoff::wait_until(failures, now)).await?;
                }
                Ok(Failed { failures, stopped: false, device_removed })
            }
            Self::Shared => {
                let after = backoff::after_failure(factor, at_login, now);
                tx.set_failures(user, after.failures, after.wait_until, after.login_wait_until, after.stopped).await?;
                let stopped = after.stopped && !factor.stopped;
                Ok(Failed { failures: after.failures, stopped, device_removed: false })
            }
        }
    }

    /// Resets the counter after a correct code. A recovery code also resets the shared one.
    pub(super) async fn reset(
        &self,
        tx: &mut Tx,
        (user, factor): (UserId, &Factor),
        at_login: bool,
        by_recovery_code: bool,
    ) -> Result<(), StoreError> {
        let none = Timestamp::from_millis(0);
        if let Self::Device(device, row) = self {
            if row.failures > 0 {
                tx.set_device_failures(user, device, 0, none).await?;
            }
            if !by_recovery_code {
                return Ok(());
            }
        }
        if factor.failures == 0 && !factor.stopped {
            return Ok(());
        }
        // A correct code from a trusted device or a logged-in user does not shorten the wait of an attacker at login.
        let at_login = at_login && matches!(self, Self::Shared);
        tx.set_failures(user, 0, none, if at_login { none } else { factor.login_wait_until }, false).await
    }
}
