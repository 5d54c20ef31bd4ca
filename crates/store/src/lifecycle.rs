//! State changes of terminals. Every change names the state it starts from, so exactly one of two concurrent changes
//! takes effect.

use access::{AllowsDelete, Authorized, Operate};
use protocol::{
    TerminalId, Timestamp, UserId,
    names::{Slug, TerminalName},
    terminals::TerminalState,
};

use super::{
    StoreError, TerminalRow, Tx,
    pagination::TerminalCursor,
    sql::{execute, fetch, rows},
};

impl Tx {
    /// Terminals of an account, newest first, after a cursor.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn terminals_of(
        &mut self,
        owner: UserId,
        after: TerminalCursor,
        limit: u32,
    ) -> Result<Vec<TerminalRow>, StoreError> {
        Ok(fetch!(
            fetch_all,
            self,
            TerminalRow,
            rows!(
                terminals,
                "WHERE owner_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3))
                 ORDER BY created_at DESC, id DESC LIMIT $4"
            ),
            owner.uuid(),
            after.0.millis(),
            after.1.uuid(),
            i64::from(limit)
        ))
    }

    /// Number of terminals of an account, in any state.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_terminals_of(&mut self, owner: UserId) -> Result<i64, StoreError> {
        let (n,) = fetch!(fetch_one, self, (i64,), "SELECT COUNT(*) FROM terminals WHERE owner_id = $1", owner.uuid());
        Ok(n)
    }

    /// All records, for reconciliation with the engine.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn every_terminal(&mut self) -> Result<Vec<TerminalRow>, StoreError> {
        Ok(fetch!(fetch_all, self, TerminalRow, rows!(terminals, "ORDER BY created_at, id")))
    }

    /// Changes the state from `from` to `to` and replaces `error`. Returns false when the state was not `from`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn move_terminal(
        &mut self,
        id: TerminalId,
        from: TerminalState,
        to: TerminalState,
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET state = $3, error = $4 WHERE id = $1 AND state = $2",
            id.uuid(),
            from.as_str(),
            to.as_str(),
            error
        );
        Ok(moved == 1)
    }

    /// Changes the state from creating to running. Returns false when it was not creating. A terminal has run once if
    /// `last_active_at` is later than `created_at`; the reconciler never deletes the home of such a terminal.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_terminal_running(&mut self, id: TerminalId, now: Timestamp) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET state = 'running', error = NULL,
                last_active_at = CASE WHEN $2 > created_at THEN $2 ELSE created_at + 1 END
             WHERE id = $1 AND state = 'creating'",
            id.uuid(),
            now.millis()
        );
        Ok(moved == 1)
    }

    /// Begins a deletion: raises the epoch and deletes the grants. Returns false when the terminal is already being
    /// deleted, does not exist, or when its lock state is not `locked`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_deletion<A: AllowsDelete>(
        &mut self,
        proof: &Authorized<A>,
        locked: bool,
    ) -> Result<bool, StoreError> {
        let id = proof.id();
        let moved = execute!(
            self,
            "UPDATE terminals SET state = 'deleting', error = NULL, lock_epoch = lock_epoch + 1
             WHERE id = $1 AND state <> 'deleting' AND mfa_locked = $2",
            id.uuid(),
            locked
        );
        if moved == 1 {
            self.delete_grants_on(id).await?;
        }
        Ok(moved == 1)
    }

    /// Deletes a record. Container and volume must have been deleted before. Returns false when there was none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_terminal(&mut self, id: TerminalId) -> Result<bool, StoreError> {
        Ok(execute!(self, "DELETE FROM terminals WHERE id = $1", id.uuid()) == 1)
    }

    /// Replaces the name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rename_terminal(
        &mut self,
        proof: &Authorized<Operate>,
        name: &TerminalName,
    ) -> Result<(), StoreError> {
        execute!(self, "UPDATE terminals SET name = $2 WHERE id = $1", proof.id().uuid(), name.as_str());
        Ok(())
    }

    /// Replaces the tier.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_terminal_tier(&mut self, proof: &Authorized<Operate>, tier: &Slug) -> Result<(), StoreError> {
        execute!(self, "UPDATE terminals SET tier = $2 WHERE id = $1", proof.id().uuid(), tier.as_str());
        Ok(())
    }
}
