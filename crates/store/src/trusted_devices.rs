//! Rows of trusted devices. Only hashes of their ids are stored.

use protocol::{Timestamp, UserId};

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
    sqlx,
};

/// Trusted devices of one account. A further one replaces the one whose last login is the longest ago.
pub const TRUSTED_DEVICES_MAX: i64 = 10;

/// SHA-256 of the id of a device.
pub type DeviceHash = [u8; 32];

/// The count of wrong codes from a trusted device.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct TrustedDeviceRow {
    /// Consecutive wrong codes from this device.
    pub failures: i64,
    /// Codes from this device are rejected without verification until then.
    #[sqlx(try_from = "i64")]
    pub wait_until: Timestamp,
}

impl Tx {
    /// A device of an account; `None` when its last login was before `since`.
    pub async fn trusted_device(
        &mut self,
        user: UserId,
        device: &DeviceHash,
        since: Timestamp,
    ) -> Result<Option<TrustedDeviceRow>, StoreError> {
        Ok(fetch!(
            fetch_optional,
            self,
            TrustedDeviceRow,
            "SELECT failures, wait_until FROM trusted_devices
             WHERE user_id = $1 AND hash = $2 AND last_login_at >= $3",
            user.uuid(),
            device.as_slice(),
            since.millis()
        ))
    }

    /// Inserts a device, or stores its login.
    pub async fn trust_device(&mut self, user: UserId, device: &DeviceHash, now: Timestamp) -> Result<(), StoreError> {
        execute!(
            self,
            "DELETE FROM trusted_devices WHERE user_id = $1 AND hash <> $2 AND hash NOT IN (
                SELECT hash FROM trusted_devices WHERE user_id = $1 AND hash <> $2
                ORDER BY last_login_at DESC LIMIT $3)",
            user.uuid(),
            device.as_slice(),
            TRUSTED_DEVICES_MAX - 1
        );
        execute!(
            self,
            "INSERT INTO trusted_devices (user_id, hash, last_login_at) VALUES ($1, $2, $3)
             ON CONFLICT (user_id, hash) DO UPDATE SET last_login_at = excluded.last_login_at",
            user.uuid(),
            device.as_slice(),
            now.millis()
        );
        Ok(())
    }

    /// Stores the count of wrong codes of a device and the wait that follows from it.
    pub async fn set_device_failures(
        &mut self,
        user: UserId,
        device: &DeviceHash,
        failures: i64,
        wait_until: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE trusted_devices SET failures = $3, wait_until = $4 WHERE user_id = $1 AND hash = $2",
            user.uuid(),
            device.as_slice(),
            failures,
            wait_until.millis()
        );
        Ok(())
    }

    /// Deletes one device.
    pub async fn delete_trusted_device(&mut self, user: UserId, device: &DeviceHash) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM trusted_devices WHERE user_id = $1 AND hash = $2", user.uuid(), device.as_slice());
        Ok(())
    }

    /// Deletes the devices of an account except `keep`.
    pub async fn delete_trusted_devices(&mut self, user: UserId, keep: Option<DeviceHash>) -> Result<(), StoreError> {
        execute!(
            self,
            "DELETE FROM trusted_devices WHERE user_id = $1 AND hash <> $2",
            user.uuid(),
            keep.as_ref().map_or(&[][..], |hash| &hash[..])
        );
        Ok(())
    }
}
