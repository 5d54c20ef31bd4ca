//! Access facts: the database's implementation of [`access::FactsSource`].

use access::{Facts, FactsError, FactsSource, GrantFacts, SessionFacts, TerminalFacts};
use async_trait::async_trait;
use protocol::{SandboxId, SessionId, TerminalId, Timestamp, UserId, auth::Role, terminals::Phase};
use uuid::Uuid;

use super::{
    Db, StoreError, Tx,
    sql::{fetch, session_times},
};
use crate::sqlx;

#[derive(sqlx::FromRow)]
struct SessionFactsRow {
    #[sqlx(try_from = "Uuid")]
    user: UserId,
    full: bool,
    #[sqlx(try_from = "String")]
    role: Role,
    generation: i64,
    disabled: bool,
    #[sqlx(try_from = "i64")]
    created_at: Timestamp,
    #[sqlx(try_from = "i64")]
    last_seen_at: Timestamp,
    idle_secs: i64,
    #[sqlx(try_from = "i64")]
    absolute_end: Timestamp,
}

#[derive(sqlx::FromRow)]
struct TerminalFactsRow {
    #[sqlx(try_from = "Uuid")]
    owner: UserId,
    #[sqlx(try_from = "Uuid")]
    sandbox: SandboxId,
    #[sqlx(try_from = "String")]
    phase: Phase,
    locked: bool,
    epoch: i64,
}

#[derive(sqlx::FromRow)]
pub(crate) struct GrantRow {
    #[sqlx(try_from = "Uuid")]
    user: UserId,
    #[sqlx(try_from = "Uuid")]
    session: SessionId,
    #[sqlx(try_from = "Uuid")]
    terminal: TerminalId,
    epoch: i64,
    #[sqlx(try_from = "i64")]
    granted_at: Timestamp,
    #[sqlx(try_from = "i64")]
    last_input_at: Timestamp,
    #[sqlx(try_from = "i64")]
    idle_secs: u32,
    #[sqlx(try_from = "i64")]
    absolute_end: Timestamp,
}

impl From<SessionFactsRow> for SessionFacts {
    fn from(row: SessionFactsRow) -> Self {
        Self {
            user: row.user,
            full: row.full,
            role: row.role,
            generation: row.generation,
            disabled: row.disabled,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            idle_secs: row.idle_secs,
            absolute_end: row.absolute_end,
        }
    }
}

impl From<TerminalFactsRow> for TerminalFacts {
    fn from(row: TerminalFactsRow) -> Self {
        Self { owner: row.owner, sandbox: row.sandbox, phase: row.phase, locked: row.locked, epoch: row.epoch }
    }
}

impl From<GrantRow> for GrantFacts {
    fn from(row: GrantRow) -> Self {
        Self {
            user: row.user,
            session: row.session,
            terminal: row.terminal,
            epoch: row.epoch,
            granted_at: row.granted_at,
            last_input_at: row.last_input_at,
            idle_secs: row.idle_secs,
            absolute_end: row.absolute_end,
        }
    }
}

#[async_trait]
impl FactsSource for Db {
    async fn facts(&self, session: SessionId, terminal: TerminalId) -> Result<Facts, FactsError> {
        let read = async {
            let mut tx = self.read().await?;
            let facts = tx.access_facts(session, terminal).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(facts)
        };
        read.await.map_err(|error| FactsError(Box::new(error)))
    }

    async fn check_writable(&self) -> Result<(), FactsError> {
        let write = async {
            let mut tx = self.begin().await?;
            tx.rewrite_audit_head().await?;
            tx.commit().await
        };
        write.await.map_err(|error| FactsError(Box::new(error)))
    }
}

impl Tx {
    /// Reads the facts that the gate decides on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn access_facts(&mut self, session: SessionId, terminal: TerminalId) -> Result<Facts, StoreError> {
        let login = fetch!(
            fetch_optional,
            self,
            SessionFactsRow,
            concat!(
                "SELECT s.user_id AS \"user\", s.kind = 'full' AS \"full\", u.role, s.generation, u.disabled,
                    s.created_at, s.last_seen_at, ",
                session_times!(),
                " FROM login_sessions s JOIN users u ON u.id = s.user_id JOIN settings o ON o.id = 1 WHERE s.id = $1"
            ),
            session.uuid()
        );
        let terminal_facts = fetch!(
            fetch_optional,
            self,
            TerminalFactsRow,
            "SELECT t.owner_id AS owner, s.id AS sandbox, t.phase, t.mfa_locked AS locked, t.lock_epoch AS epoch
             FROM terminals t JOIN sandboxes s ON s.terminal_id = t.id WHERE t.id = $1",
            terminal.uuid()
        );
        let grant = self.grant(session, terminal).await?;
        Ok(Facts { session: login.map(Into::into), terminal: terminal_facts.map(Into::into), grant })
    }
}
