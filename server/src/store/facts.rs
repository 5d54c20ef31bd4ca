//! What the gate decides on, read in one transaction. Plain values: the decision itself is in `access/`.

use protocol::{SessionId, TerminalId, Timestamp, UserId, terminals::TerminalState};
use uuid::Uuid;

use super::{
    Db, StoreError, Tx,
    sql::{fetch, session_times},
    sqlx,
};

/// What the store knows of a login session.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionFacts {
    /// Whose.
    #[sqlx(try_from = "Uuid")]
    pub user: UserId,
    /// Password *and*, where there is a factor, code were right.
    pub full: bool,
    /// The account is disabled.
    pub disabled: bool,
    /// Sign-in.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// Last request, or last input on one of its sockets.
    #[sqlx(try_from = "i64")]
    pub last_seen_at: Timestamp,
    /// Ends after this long without either.
    pub idle_secs: i64,
    /// Ends here in any case.
    #[sqlx(try_from = "i64")]
    pub absolute_end: Timestamp,
}

impl SessionFacts {
    /// It ends here, by idleness or by its absolute end, whichever is first.
    pub fn ends_at(&self) -> Timestamp {
        self.last_seen_at.plus_secs(self.idle_secs).min(self.absolute_end)
    }
}

/// What the store knows of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TerminalFacts {
    /// Whose.
    #[sqlx(try_from = "Uuid")]
    pub owner: UserId,
    /// State.
    #[sqlx(try_from = "String")]
    pub state: TerminalState,
    /// Locked with MFA.
    pub locked: bool,
    /// Raised by lock, unlock, delete and owner change.
    pub epoch: i64,
}

/// What the store knows of a grant.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct GrantFacts {
    /// Whose.
    #[sqlx(try_from = "Uuid")]
    pub user: UserId,
    /// Login session it was given to.
    #[sqlx(try_from = "Uuid")]
    pub session: SessionId,
    /// Terminal it opens.
    #[sqlx(try_from = "Uuid")]
    pub terminal: TerminalId,
    /// Epoch of the terminal when it was given.
    pub epoch: i64,
    /// When it was given.
    #[sqlx(try_from = "i64")]
    pub granted_at: Timestamp,
    /// Last input on it.
    #[sqlx(try_from = "i64")]
    pub last_input_at: Timestamp,
    /// Ends after this long without input.
    #[sqlx(try_from = "i64")]
    pub idle_secs: u32,
    /// Ends here in any case.
    #[sqlx(try_from = "i64")]
    pub absolute_end: Timestamp,
}

impl GrantFacts {
    /// It ends here if nothing more is typed.
    pub fn ends_at(&self) -> Timestamp {
        self.last_input_at.plus_secs(i64::from(self.idle_secs)).min(self.absolute_end)
    }
}

/// Everything the decision looks at, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The asking login session; `None` when it is not known.
    pub session: Option<SessionFacts>,
    /// The terminal; `None` when it is not known.
    pub terminal: Option<TerminalFacts>,
    /// The newest grant of that session on that terminal.
    pub grant: Option<GrantFacts>,
}

impl Db {
    /// Reads what the gate decides on, in one transaction.
    ///
    /// # Errors
    /// When the database does not answer: the gate stays shut.
    pub async fn access_facts(&self, session: SessionId, terminal: TerminalId) -> Result<Facts, StoreError> {
        let mut tx = self.read().await?;
        let facts = tx.access_facts(session, terminal).await?;
        tx.commit().await?;
        Ok(facts)
    }
}

impl Tx {
    /// Reads what the gate decides on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn access_facts(&mut self, session: SessionId, terminal: TerminalId) -> Result<Facts, StoreError> {
        let found = fetch!(
            fetch_optional,
            self,
            SessionFacts,
            concat!(
                "SELECT s.user_id AS \"user\", s.kind = 'full' AS \"full\", u.disabled, s.created_at, s.last_seen_at, ",
                session_times!(),
                " FROM login_sessions s JOIN users u ON u.id = s.user_id JOIN settings o ON o.id = 1 WHERE s.id = $1"
            ),
            session.uuid()
        );
        let about = fetch!(
            fetch_optional,
            self,
            TerminalFacts,
            "SELECT owner_id AS owner, state, mfa_locked AS locked, lock_epoch AS epoch FROM terminals WHERE id = $1",
            terminal.uuid()
        );
        let grant = self.grant(session, terminal).await?;
        Ok(Facts { session: found, terminal: about, grant })
    }
}
