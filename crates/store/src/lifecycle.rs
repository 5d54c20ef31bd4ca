//! The life of a terminal: requests of its owner, and the phases that the reconciler records. A change of the phase
//! names the phase it starts from (a deletion starts from every other one), so exactly one of two concurrent changes
//! takes effect. A name and a tier are changed in any phase; taking a tier back names the tier it replaces.

use access::{AllowsDelete, AllowsStop, Authorized, Operate};
use protocol::{
    Timestamp, UserId,
    names::{Slug, TerminalName},
    terminals::Phase,
};

use super::{
    DesiredState, Reason, StoreError, TerminalRow, Tx,
    pagination::TerminalCursor,
    sql::{execute, fetch, rows},
};

/// A request to start or stop a terminal. It sets the desired state and the phase of the transition, on which the gate
/// decides from the commit on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerRequest {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop it, then start it.
    Restart,
}

impl PowerRequest {
    /// The desired state and the phase until the reconciler has carried it out.
    const fn transition(self) -> (DesiredState, Phase) {
        match self {
            Self::Start => (DesiredState::Running, Phase::Pending),
            Self::Stop => (DesiredState::Stopped, Phase::Stopping),
            Self::Restart => (DesiredState::Running, Phase::Stopping),
        }
    }
}

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
                "WHERE t.owner_id = $1 AND (t.created_at < $2 OR (t.created_at = $2 AND t.id < $3))
                 ORDER BY t.created_at DESC, t.id DESC LIMIT $4"
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
    pub async fn all_terminals(&mut self) -> Result<Vec<TerminalRow>, StoreError> {
        Ok(fetch!(fetch_all, self, TerminalRow, rows!(terminals, "ORDER BY t.created_at, t.id")))
    }

    /// Requests a start, stop or restart; false when the terminal was not in phase `from`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn request_power<A: AllowsStop>(
        &mut self,
        proof: &Authorized<A>,
        from: Phase,
        request: PowerRequest,
    ) -> Result<bool, StoreError> {
        let (desired, phase) = request.transition();
        let moved = execute!(
            self,
            "UPDATE terminals SET desired = $3, phase = $4, reason = NULL, generation = generation + 1
             WHERE id = $1 AND phase = $2",
            proof.id().uuid(),
            from.as_str(),
            desired.as_str(),
            phase.as_str()
        );
        Ok(moved == 1)
    }

    /// Records the phase that the reconciler brought a terminal to or observed, and the generation that is carried out
    /// with it. False when the phase or the request is no longer that of `row`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_phase(
        &mut self,
        row: &TerminalRow,
        to: Phase,
        reason: Option<&Reason>,
        observed_generation: i64,
    ) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET phase = $4, reason = $5, observed_generation = $6
             WHERE id = $1 AND phase = $2 AND generation = $3",
            row.id.uuid(),
            row.phase.as_str(),
            row.generation,
            to.as_str(),
            reason.map(Reason::encode),
            observed_generation
        );
        Ok(moved == 1)
    }

    /// Records that the container of `row` was stopped: the terminal is stopped, or pending when a start was requested.
    /// False when it is no longer stopping.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_stopped(&mut self, row: &TerminalRow) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET
                phase = CASE desired WHEN 'running' THEN 'pending' ELSE 'stopped' END,
                observed_generation = CASE desired WHEN 'running' THEN observed_generation ELSE generation END
             WHERE id = $1 AND phase = 'stopping'",
            row.id.uuid()
        );
        Ok(moved == 1)
    }

    /// Records that a start succeeded: the terminal of `row` runs, and its sandbox has the limits of the row's tier.
    /// False when its phase changed meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_started(&mut self, row: &TerminalRow, now: Timestamp) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET phase = 'running', reason = NULL, observed_generation = $2, last_active_at = $3
             WHERE id = $1 AND phase = 'starting'",
            row.id.uuid(),
            row.generation,
            now.millis()
        );
        if moved == 1 {
            self.assign_sandbox(row.id, &row.tier).await?;
        }
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
            "UPDATE terminals SET desired = 'deleted', phase = 'deleting', reason = NULL, generation = generation + 1,
                lock_epoch = lock_epoch + 1
             WHERE id = $1 AND phase <> 'deleting' AND mfa_locked = $2",
            id.uuid(),
            locked
        );
        if moved == 1 {
            self.delete_grants_on(id).await?;
        }
        Ok(moved == 1)
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

    /// Requests another tier. The phase does not change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn request_tier(&mut self, proof: &Authorized<Operate>, tier: &Slug) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE terminals SET tier = $2, generation = generation + 1 WHERE id = $1",
            proof.id().uuid(),
            tier.as_str()
        );
        Ok(())
    }

    /// Records that the sandbox of `row` has the limits of the row's tier.
    pub async fn record_tier_applied(&mut self, row: &TerminalRow) -> Result<(), StoreError> {
        execute!(self, "UPDATE sandboxes SET tier = $2 WHERE terminal_id = $1", row.id.uuid(), row.tier.as_str());
        execute!(
            self,
            "UPDATE terminals SET observed_generation = $2 WHERE id = $1 AND generation = $2",
            row.id.uuid(),
            row.generation
        );
        Ok(())
    }

    /// Reverts a change of tier: the record of `row` has the tier of the sandbox again. With `reapply` its limits are
    /// requested, because the engine may have those of the other one. False when another tier was requested meanwhile.
    pub async fn revert_tier(&mut self, row: &TerminalRow, reapply: bool) -> Result<bool, StoreError> {
        let moved = execute!(
            self,
            "UPDATE terminals SET tier = $3, generation = generation + $4,
                observed_generation = CASE generation WHEN $5 THEN generation ELSE observed_generation END
             WHERE id = $1 AND tier = $2",
            row.id.uuid(),
            row.tier.as_str(),
            row.sandbox.tier.as_str(),
            i64::from(reapply),
            row.generation
        );
        Ok(moved == 1)
    }
}
