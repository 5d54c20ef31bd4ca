//! Rows of grants: permission of one login session to use one locked terminal for a limited time.

use access::GrantFacts;
use protocol::{SessionId, TerminalId, Timestamp};

use super::{
    Db, StoreError, Tx,
    facts::GrantRow,
    sql::{execute, fetch, grants_where},
};

impl Db {
    /// Stores the time of input to a terminal: for the terminal, and for the login session and its grant if there are
    /// any. Never moves a time back, and creates no grant.
    pub async fn record_input(
        &self,
        session: Option<SessionId>,
        terminal: TerminalId,
        last_input: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Some(session) = session {
            tx.record_session_activity(session, last_input).await?;
            execute!(
                &mut tx,
                "UPDATE grants SET last_input_at = $3
                 WHERE session_id = $1 AND terminal_id = $2 AND last_input_at < $3",
                session.uuid(),
                terminal.uuid(),
                last_input.millis()
            );
        }
        execute!(
            &mut tx,
            "UPDATE terminals SET last_active_at = $2 WHERE id = $1 AND last_active_at < $2 AND phase = 'running'",
            terminal.uuid(),
            last_input.millis()
        );
        tx.commit().await
    }
}

impl Tx {
    /// The grant of a login session on a terminal, valid or not. The gate decides whether it is valid.
    pub async fn grant(&mut self, session: SessionId, terminal: TerminalId) -> Result<Option<GrantFacts>, StoreError> {
        let row = fetch!(
            fetch_optional,
            self,
            GrantRow,
            grants_where!("g.session_id = $1 AND g.terminal_id = $2"),
            session.uuid(),
            terminal.uuid()
        );
        Ok(row.map(Into::into))
    }

    /// The grants of a login session, valid or not, for lists.
    pub async fn grants_of_session(&mut self, session: SessionId) -> Result<Vec<GrantFacts>, StoreError> {
        let rows = fetch!(fetch_all, self, GrantRow, grants_where!("g.session_id = $1"), session.uuid());
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Inserts or renews a grant.
    ///
    /// # Errors
    /// When the database does not answer, or the session or terminal does not exist.
    pub async fn put_grant(&mut self, grant: &GrantFacts) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO grants
                (session_id, terminal_id, user_id, epoch, granted_at, last_input_at, idle_secs, absolute_end)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (session_id, terminal_id) DO UPDATE SET user_id = excluded.user_id, epoch = excluded.epoch,
                granted_at = excluded.granted_at, last_input_at = excluded.last_input_at,
                idle_secs = excluded.idle_secs, absolute_end = excluded.absolute_end",
            grant.session.uuid(),
            grant.terminal.uuid(),
            grant.user.uuid(),
            grant.epoch,
            grant.granted_at.millis(),
            grant.last_input_at.millis(),
            i64::from(grant.idle_secs),
            grant.absolute_end.millis()
        );
        Ok(())
    }

    /// Shortens the times of existing grants to these maximums. Longer maximums apply to new grants only.
    pub async fn shorten_grants(&mut self, idle_secs: u32, absolute_secs: u32) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE grants SET idle_secs = CASE WHEN $1 < idle_secs THEN $1 ELSE idle_secs END,
                absolute_end = CASE WHEN granted_at + $2 < absolute_end THEN granted_at + $2 ELSE absolute_end END",
            i64::from(idle_secs),
            i64::from(absolute_secs) * 1000
        );
        Ok(())
    }

    /// Deletes every grant on a terminal. Returns their number.
    pub async fn delete_grants_on(&mut self, terminal: TerminalId) -> Result<u64, StoreError> {
        Ok(execute!(self, "DELETE FROM grants WHERE terminal_id = $1", terminal.uuid()))
    }

    /// Deletes every grant of an account. Returns their number.
    pub async fn delete_grants_of(&mut self, user: protocol::UserId) -> Result<u64, StoreError> {
        Ok(execute!(self, "DELETE FROM grants WHERE user_id = $1", user.uuid()))
    }
}
