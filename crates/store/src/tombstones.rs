//! The end of a terminal's record, and the tombstone that allows the removal of what is left on the engine.

use protocol::{SandboxId, Timestamp};

use super::{
    StoreError, TerminalRow, Tx,
    sql::{execute, fetch},
};

impl Tx {
    /// Removes the record of a terminal that is being deleted, with its sandbox, and writes the tombstone: what is left
    /// of the sandbox on the engine may be deleted. `proof` says what was seen to be gone. False when there was no such
    /// record.
    pub async fn remove_terminal(
        &mut self,
        row: &TerminalRow,
        now: Timestamp,
        proof: &str,
    ) -> Result<bool, StoreError> {
        let removed = execute!(self, "DELETE FROM terminals WHERE id = $1 AND phase = 'deleting'", row.id.uuid());
        self.write_tombstone(row, removed, now, proof).await
    }

    /// The same for a terminal whose first launch failed. False when its phase or its request is no longer that of
    /// `row`.
    pub async fn withdraw_terminal(
        &mut self,
        row: &TerminalRow,
        now: Timestamp,
        proof: &str,
    ) -> Result<bool, StoreError> {
        let removed = execute!(
            self,
            "DELETE FROM terminals WHERE id = $1 AND phase = 'starting' AND generation = $2",
            row.id.uuid(),
            row.generation
        );
        self.write_tombstone(row, removed, now, proof).await
    }

    async fn write_tombstone(
        &mut self,
        row: &TerminalRow,
        removed: u64,
        now: Timestamp,
        proof: &str,
    ) -> Result<bool, StoreError> {
        if removed == 0 {
            return Ok(false);
        }
        execute!(
            self,
            "INSERT INTO tombstones (sandbox_id, terminal_id, removed_at, proof) VALUES ($1, $2, $3, $4)",
            row.sandbox.id.uuid(),
            row.id.uuid(),
            now.millis(),
            proof
        );
        Ok(true)
    }

    /// Whether the terminal of a sandbox was removed, so that the remains of the sandbox may be deleted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_tombstone(&mut self, id: SandboxId) -> Result<bool, StoreError> {
        let (n,) = fetch!(fetch_one, self, (i64,), "SELECT COUNT(*) FROM tombstones WHERE sandbox_id = $1", id.uuid());
        Ok(n > 0)
    }
}
