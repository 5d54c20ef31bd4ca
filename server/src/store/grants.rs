//! Rows of grants: one login session may use one locked terminal for a while.

use protocol::{SessionId, TerminalId, Timestamp};

use super::{
    Db, GrantFacts, StoreError, Tx,
    sql::{execute, fetch, grants_where},
};

impl Db {
    /// Notes input of a login on a terminal: on the login, on the terminal, and on its grant where there is one. Never moves a
    /// time back, and makes no grant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_input(
        &self,
        session: SessionId,
        terminal: TerminalId,
        last_input: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.touch_session(session, last_input).await?;
        execute!(
            &mut tx,
            "UPDATE grants SET last_input_at = $3 WHERE session_id = $1 AND terminal_id = $2 AND last_input_at < $3",
            session.uuid(),
            terminal.uuid(),
            last_input.millis()
        );
        execute!(
            &mut tx,
            "UPDATE terminals SET last_active_at = $2 WHERE id = $1 AND last_active_at < $2 AND state = 'running'",
            terminal.uuid(),
            last_input.millis()
        );
        tx.commit().await
    }
}

impl Tx {
    /// The grant of a login session on a terminal, dead or alive: whether it opens is decided elsewhere.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn grant(&mut self, session: SessionId, terminal: TerminalId) -> Result<Option<GrantFacts>, StoreError> {
        Ok(fetch!(
            fetch_optional,
            self,
            GrantFacts,
            grants_where!("g.session_id = $1 AND g.terminal_id = $2"),
            session.uuid(),
            terminal.uuid()
        ))
    }

    /// The grants of a login session, for lists.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn grants_of_session(&mut self, session: SessionId) -> Result<Vec<GrantFacts>, StoreError> {
        Ok(fetch!(fetch_all, self, GrantFacts, grants_where!("g.session_id = $1"), session.uuid()))
    }

    /// Gives or renews a grant.
    ///
    /// # Errors
    /// When the database does not answer, or the session or terminal is gone.
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

    /// Makes present grants keep within shorter times; longer ones are for grants to come.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tighten_grants(&mut self, idle_secs: u32, absolute_secs: u32) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE grants SET idle_secs = CASE WHEN $1 < idle_secs THEN $1 ELSE idle_secs END,
                absolute_end = CASE WHEN granted_at + $2 < absolute_end THEN granted_at + $2 ELSE absolute_end END",
            i64::from(idle_secs),
            i64::from(absolute_secs) * 1000
        );
        Ok(())
    }

    /// Takes every grant on a terminal back.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_grants_on(&mut self, terminal: TerminalId) -> Result<u64, StoreError> {
        Ok(execute!(self, "DELETE FROM grants WHERE terminal_id = $1", terminal.uuid()))
    }

    /// Takes every grant of an account back.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_grants_of(&mut self, user: protocol::UserId) -> Result<u64, StoreError> {
        Ok(execute!(self, "DELETE FROM grants WHERE user_id = $1", user.uuid()))
    }
}
