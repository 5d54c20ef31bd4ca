//! Rows of recovery codes. Only hashes are stored, and each code can be used once.

use protocol::{Timestamp, UserId};

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
};

impl Tx {
    /// Replaces the whole set. Codes of the previous set become invalid.
    pub async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        salt: &[u8],
        hashes: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM recovery_codes WHERE user_id = $1", user.uuid());
        execute!(self, "UPDATE factors SET recovery_salt = $2 WHERE user_id = $1", user.uuid(), salt);
        for hash in hashes {
            execute!(self, "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)", user.uuid(), hash.as_slice());
        }
        Ok(())
    }

    /// Marks a code as used. Returns false when it is not in the set or was used before. The condition is part of the
    /// statement, so only one of two concurrent requests succeeds.
    pub async fn use_recovery_code(&mut self, user: UserId, hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        let used = execute!(
            self,
            "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL",
            user.uuid(),
            hash,
            now.millis()
        );
        Ok(used == 1)
    }

    /// Number of unused codes.
    pub async fn recovery_codes_left(&mut self, user: UserId) -> Result<u32, StoreError> {
        let (n,) = fetch!(
            fetch_one,
            self,
            (i64,),
            "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL",
            user.uuid()
        );
        Ok(u32::try_from(n).unwrap_or(u32::MAX))
    }
}
