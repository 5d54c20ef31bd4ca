//! Rows of second factors: sealed secrets, the last accepted time step, the failure counter.

use protocol::{Timestamp, UserId};
use secrets::Sealed;

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
    sqlx,
};

#[derive(sqlx::FromRow)]
struct FactorRow {
    secret_enc: Option<Vec<u8>>,
    key_id: Option<String>,
    last_step: i64,
    pending_enc: Option<Vec<u8>>,
    pending_key_id: Option<String>,
    pending_until: i64,
    recovery_salt: Option<Vec<u8>>,
    failures: i64,
    wait_until: i64,
    login_wait_until: i64,
    stopped: bool,
}

/// The second factor of an account: confirmed, pending, or both.
#[derive(Debug, Clone)]
pub struct Factor {
    /// The confirmed secret.
    pub secret: Option<Sealed>,
    /// The last accepted time step (RFC 6238); it and all earlier steps are used.
    pub last_step: i64,
    /// A secret that is confirmed by its first correct code.
    pub pending: Option<Sealed>,
    /// When the pending secret expires.
    pub pending_until: Timestamp,
    /// Salt of the current set of recovery codes.
    pub recovery_salt: Option<Vec<u8>>,
    /// Consecutive wrong codes, counted over all uses of the factor.
    pub failures: i64,
    /// Codes are rejected without verification until then.
    pub wait_until: Timestamp,
    /// Codes of an incomplete login are rejected without verification until then.
    pub login_wait_until: Timestamp,
    /// After too many failures, six-digit codes are no longer verified.
    pub stopped: bool,
}

impl From<FactorRow> for Factor {
    fn from(row: FactorRow) -> Self {
        let sealed =
            |bytes: Option<Vec<u8>>, id: Option<String>| bytes.zip(id).map(|(bytes, key_id)| Sealed { key_id, bytes });
        Self {
            secret: sealed(row.secret_enc, row.key_id),
            last_step: row.last_step,
            pending: sealed(row.pending_enc, row.pending_key_id),
            pending_until: Timestamp::from_millis(row.pending_until),
            recovery_salt: row.recovery_salt,
            failures: row.failures,
            wait_until: Timestamp::from_millis(row.wait_until),
            login_wait_until: Timestamp::from_millis(row.login_wait_until),
            stopped: row.stopped,
        }
    }
}

impl Tx {
    /// Every confirmed secret, sealed, with its account.
    pub async fn sealed_secrets(&mut self) -> Result<Vec<(UserId, Sealed)>, StoreError> {
        let rows = fetch!(
            fetch_all,
            self,
            (uuid::Uuid, String, Vec<u8>),
            "SELECT user_id, key_id, secret_enc FROM factors WHERE secret_enc IS NOT NULL AND key_id IS NOT NULL"
        );
        Ok(rows.into_iter().map(|(user, key_id, bytes)| (UserId::new(user), Sealed { key_id, bytes })).collect())
    }

    /// Reads the factor.
    pub async fn factor(&mut self, user: UserId) -> Result<Option<Factor>, StoreError> {
        let row = fetch!(
            fetch_optional,
            self,
            FactorRow,
            "SELECT secret_enc, key_id, last_step, pending_enc, pending_key_id, pending_until, recovery_salt, failures,
                    wait_until, login_wait_until, stopped
             FROM factors WHERE user_id = $1",
            user.uuid()
        );
        Ok(row.map(Factor::from))
    }

    /// Reads the factor and locks its row until the end of the transaction, so that concurrent guesses are all counted.
    pub async fn lock_factor_row(&mut self, user: UserId) -> Result<Option<Factor>, StoreError> {
        let row = fetch!(
            fetch_optional,
            self,
            FactorRow,
            "UPDATE factors SET user_id = user_id WHERE user_id = $1
             RETURNING secret_enc, key_id, last_step, pending_enc, pending_key_id, pending_until, recovery_salt,
                       failures, wait_until, login_wait_until, stopped",
            user.uuid()
        );
        Ok(row.map(Factor::from))
    }

    /// Whether a confirmed factor exists.
    pub async fn has_factor(&mut self, user: UserId) -> Result<bool, StoreError> {
        let found = fetch!(
            fetch_optional,
            self,
            (i64,),
            "SELECT last_step FROM factors WHERE user_id = $1 AND secret_enc IS NOT NULL",
            user.uuid()
        );
        Ok(found.is_some())
    }

    /// Marks a time step and all earlier ones as used. Returns false when this or a later step is already used
    /// (RFC 6238 5.2). The condition is part of the statement, so only one of two concurrent requests succeeds.
    pub async fn burn_step(&mut self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let marked = execute!(
            self,
            "UPDATE factors SET last_step = $2 WHERE user_id = $1 AND secret_enc IS NOT NULL AND last_step < $2",
            user.uuid(),
            step
        );
        Ok(marked == 1)
    }

    /// Stores the failure counter and the waiting times that follow from it.
    pub async fn set_failures(
        &mut self,
        user: UserId,
        failures: i64,
        wait_until: Timestamp,
        login_wait_until: Timestamp,
        stopped: bool,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE factors SET failures = $2, wait_until = $3, login_wait_until = $4, stopped = $5 WHERE user_id = $1",
            user.uuid(),
            failures,
            wait_until.millis(),
            login_wait_until.millis(),
            stopped
        );
        Ok(())
    }

    /// Stores a pending secret; a confirmed one is not changed.
    pub async fn set_pending_factor(
        &mut self,
        user: UserId,
        pending: &Sealed,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO factors (user_id, pending_enc, pending_key_id, pending_until) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id) DO UPDATE SET pending_enc = excluded.pending_enc,
                pending_key_id = excluded.pending_key_id, pending_until = excluded.pending_until",
            user.uuid(),
            pending.bytes.as_slice(),
            pending.key_id.as_str(),
            until.millis()
        );
        Ok(())
    }

    /// Confirms the pending secret and marks the step of the confirming code as used. Returns false when the pending
    /// secret was replaced, confirmed by another request, or has expired.
    pub async fn confirm_factor(
        &mut self,
        user: UserId,
        pending: &Sealed,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let confirmed = execute!(
            self,
            "UPDATE factors SET secret_enc = pending_enc, key_id = pending_key_id, last_step = $3,
                pending_enc = NULL, pending_key_id = NULL, pending_until = 0, failures = 0, wait_until = 0,
                login_wait_until = 0, stopped = FALSE
             WHERE user_id = $1 AND pending_enc = $2 AND pending_until > $4",
            user.uuid(),
            pending.bytes.as_slice(),
            step,
            now.millis()
        );
        Ok(confirmed == 1)
    }

    /// Deletes the factor and the recovery codes. Returns false when there was no factor.
    pub async fn delete_factor(&mut self, user: UserId) -> Result<bool, StoreError> {
        execute!(self, "DELETE FROM recovery_codes WHERE user_id = $1", user.uuid());
        Ok(execute!(self, "DELETE FROM factors WHERE user_id = $1", user.uuid()) == 1)
    }
}
