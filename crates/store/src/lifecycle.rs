//! State changes of terminals. Every change names the state it starts from, so exactly one of two concurrent changes
//! takes effect.

use access::{AllowsDelete, Authorized, Operate};
use protocol::{
    TerminalId, Timestamp, UserId,
    names::{Slug, TerminalName},
    terminals::TerminalState,
};

use super::{
    Reason, StoreError, TerminalRow, Tx,
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

    /// Moves a terminal from one state to another and replaces the reason; false when it was not in that state.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn move_terminal(
        &mut self,
        id: TerminalId,
        from: TerminalState,
        to: TerminalState,
        reason: Option<&Reason>,
    ) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET state = $3, reason = $4, generation = generation + 1 WHERE id = $1 AND state = $2",
            id.uuid(),
            from.as_str(),
            to.as_str(),
            reason.map(Reason::encode)
        );
        Ok(moved == 1)
    }

    /// A terminal that was being created or started runs now; false when its state changed meanwhile. It counts as
    /// launched from now on, so its home is removed only by a deletion.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_terminal_running(&mut self, id: TerminalId, now: Timestamp) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET state = 'running', reason = NULL, generation = generation + 1, launched = TRUE,
                last_active_at = $2
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
            "UPDATE terminals SET state = 'deleting', reason = NULL, generation = generation + 1, lock_epoch = lock_epoch + 1
             WHERE id = $1 AND state <> 'deleting' AND mfa_locked = $2",
            id.uuid(),
            locked
        );
        if moved == 1 {
            self.delete_grants_on(id).await?;
        }
        Ok(moved == 1)
    }

    /// Removes a record and writes its tombstone: what is left of the terminal on the engine may be deleted. `proof`
    /// says what was seen to be gone. False when there was no record.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_terminal(&mut self, id: TerminalId, now: Timestamp, proof: &str) -> Result<bool, StoreError> {
        if execute!(self, "DELETE FROM terminals WHERE id = $1", id.uuid()) == 0 {
            return Ok(false);
        }
        execute!(
            self,
            "INSERT INTO tombstones (terminal_id, removed_at, proof) VALUES ($1, $2, $3)",
            id.uuid(),
            now.millis(),
            proof
        );
        Ok(true)
    }

    /// Whether a terminal of that id was removed, so that its remains may be deleted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_tombstone(&mut self, id: TerminalId) -> Result<bool, StoreError> {
        let (n,) = fetch!(fetch_one, self, (i64,), "SELECT COUNT(*) FROM tombstones WHERE terminal_id = $1", id.uuid());
        Ok(n > 0)
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
