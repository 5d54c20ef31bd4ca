//! Rows of login sessions. Only hashes of tokens are stored.

use protocol::{SessionId, Timestamp, UserId, auth::Role, names::Username};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    sql::{execute, fetch, session_times},
    sqlx,
};

/// Progress of the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// The password was verified; the code of the second factor was not.
    Pending,
    /// The sign-in is complete.
    Full,
}

impl SessionKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Full => "full",
        }
    }
}

/// A login session to be written.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Id.
    pub id: SessionId,
    /// The account.
    pub user: UserId,
    /// Progress of the sign-in.
    pub kind: SessionKind,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// Browser and operating system, shortened.
    pub device: &'a str,
    /// Client address.
    pub address: &'a str,
    /// Time of sign-in.
    pub created_at: Timestamp,
    /// Ends after this many seconds without a request.
    pub idle_secs: u32,
    /// Ends at this time regardless of activity.
    pub absolute_end: Timestamp,
}

/// A login session with the properties of its account that every request needs.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LoginSession {
    /// Id.
    #[sqlx(try_from = "Uuid")]
    pub id: SessionId,
    /// The account.
    #[sqlx(try_from = "Uuid")]
    pub user: UserId,
    /// The account's name.
    #[sqlx(try_from = "String")]
    pub username: Username,
    /// The account's role.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// The account is disabled.
    pub disabled: bool,
    /// The account has a confirmed factor.
    pub mfa_enabled: bool,
    /// The organisation requires a factor of every account.
    pub mfa_required: bool,
    /// The sign-in is complete: password and, if the account has a factor, code were verified.
    pub full: bool,
    /// Generation of the presented token.
    pub generation: i64,
    /// The presented token was replaced by a newer one.
    pub rotated: bool,
    /// Until when a replaced token still authenticates requests that only read.
    #[sqlx(try_from = "i64")]
    pub previous_until: Timestamp,
    /// Browser and operating system.
    pub device: String,
    /// Client address at sign-in.
    pub address: String,
    /// Time of sign-in.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// Last request. Updated at most every 30 seconds.
    #[sqlx(try_from = "i64")]
    pub last_seen_at: Timestamp,
    /// Ends after this many seconds without a request.
    pub idle_secs: i64,
    /// Ends at this time regardless of activity.
    #[sqlx(try_from = "i64")]
    pub absolute_end: Timestamp,
}

impl LoginSession {
    /// Whether it has ended. A clock that is behind its last request also ends it.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.absolute_end
            || now >= self.last_seen_at.plus_secs(self.idle_secs)
            || now < self.last_seen_at
            || (self.rotated && now >= self.previous_until)
    }
}

/// `SELECT` of [`LoginSession`] rows. `$rotated` is the SQL expression of [`LoginSession::rotated`]; `$condition` is
/// the `WHERE` clause.
macro_rules! sessions {
    ($rotated:literal, $condition:literal) => {
        concat!(
            "SELECT s.id, s.user_id AS \"user\", u.username, u.role, u.disabled,
                    f.secret_enc IS NOT NULL AS mfa_enabled, o.mfa_required, s.kind = 'full' AS \"full\", ",
            $rotated,
            " AS rotated, CASE WHEN ",
            $rotated,
            " THEN s.generation - 1 ELSE s.generation END AS generation,
                    s.previous_until, s.device, s.address, s.created_at, s.last_seen_at, ",
            session_times!(),
            " FROM login_sessions s
             JOIN users u ON u.id = s.user_id
             JOIN settings o ON o.id = 1
             LEFT JOIN factors f ON f.user_id = s.user_id
             WHERE ",
            $condition
        )
    };
}

impl Tx {
    /// Inserts a login session.
    pub async fn insert_session(&mut self, new: &NewSession<'_>) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO login_sessions
                (id, user_id, kind, token_hash, device, address, created_at, last_seen_at, idle_secs, absolute_end)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)",
            new.id.uuid(),
            new.user.uuid(),
            new.kind.as_str(),
            new.token_hash.as_slice(),
            new.device,
            new.address,
            new.created_at.millis(),
            i64::from(new.idle_secs),
            new.absolute_end.millis()
        );
        Ok(())
    }

    /// The login session whose current or previous token has this hash.
    pub async fn session_by_token(&mut self, token_hash: &[u8; 32]) -> Result<Option<LoginSession>, StoreError> {
        Ok(fetch!(
            fetch_optional,
            self,
            LoginSession,
            sessions!("s.token_hash <> $1", "s.token_hash = $1 OR s.previous_hash = $1"),
            token_hash.as_slice()
        ))
    }

    /// The full login sessions of an account, newest first.
    pub async fn sessions_of(&mut self, user: UserId) -> Result<Vec<LoginSession>, StoreError> {
        Ok(fetch!(
            fetch_all,
            self,
            LoginSession,
            sessions!("FALSE", "s.user_id = $1 AND s.kind = 'full' ORDER BY s.created_at DESC"),
            user.uuid()
        ))
    }

    /// Stores the time of a request; never moves it back.
    pub async fn record_session_activity(&mut self, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE login_sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
            id.uuid(),
            now.millis()
        );
        Ok(())
    }

    /// Replaces the token of a session. The old token still authenticates requests that only read until
    /// `previous_until`. Returns the generation of the new token; `None` when the session does not exist.
    pub async fn rotate_session(
        &mut self,
        id: SessionId,
        token_hash: &[u8; 32],
        previous_until: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let rotated = fetch!(
            fetch_optional,
            self,
            (i64,),
            "UPDATE login_sessions SET previous_hash = token_hash, previous_until = $3, token_hash = $2,
                generation = generation + 1 WHERE id = $1 RETURNING generation",
            id.uuid(),
            token_hash.as_slice(),
            previous_until.millis()
        );
        Ok(rotated.map(|(generation,)| generation))
    }

    /// Deletes one session of an account. Returns false when there was none.
    pub async fn delete_session(&mut self, id: SessionId, user: UserId) -> Result<bool, StoreError> {
        let deleted =
            execute!(self, "DELETE FROM login_sessions WHERE id = $1 AND user_id = $2", id.uuid(), user.uuid());
        Ok(deleted == 1)
    }

    /// Deletes the sessions of an account except `keep`. Returns the ids of the deleted sessions.
    pub async fn delete_sessions(
        &mut self,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let deleted = fetch!(
            fetch_all,
            self,
            (Uuid,),
            "DELETE FROM login_sessions WHERE user_id = $1 AND id <> $2 RETURNING id",
            user.uuid(),
            keep.map_or(Uuid::nil(), SessionId::uuid)
        );
        Ok(deleted.into_iter().map(|(id,)| SessionId::new(id)).collect())
    }

    /// Deletes expired sessions. Returns their number.
    pub async fn delete_expired_sessions(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(execute!(
            self,
            "DELETE FROM login_sessions WHERE absolute_end <= $1 OR last_seen_at + idle_secs * 1000 <= $1",
            now.millis()
        ))
    }

    /// Shortens the times of existing sessions to these maximums. Longer maximums apply to new logins only.
    pub async fn shorten_sessions(&mut self, idle_secs: u32, absolute_secs: u32) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE login_sessions SET idle_secs = CASE WHEN $1 < idle_secs THEN $1 ELSE idle_secs END,
                absolute_end = CASE WHEN created_at + $2 < absolute_end THEN created_at + $2 ELSE absolute_end END
             WHERE kind = 'full'",
            i64::from(idle_secs),
            i64::from(absolute_secs) * 1000
        );
        Ok(())
    }
}
