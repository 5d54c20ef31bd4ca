//! Rows of sandboxes.

use protocol::{
    SandboxId, TerminalId,
    names::{InvalidText, Slug},
};
use uuid::Uuid;

use super::{StoreError, Tx, sql::execute, sqlx};

/// State of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxState {
    /// No client has ever attached to it, so its home has nothing of its owner.
    Creating,
    /// It runs, or has run, a terminal. Its home may hold files.
    Assigned,
}

impl SandboxState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Assigned => "assigned",
        }
    }
}

impl TryFrom<String> for SandboxState {
    type Error = InvalidText;
    fn try_from(name: String) -> Result<Self, InvalidText> {
        let all = [Self::Creating, Self::Assigned];
        all.into_iter().find(|state| state.as_str() == name).ok_or(InvalidText("That is no state of a sandbox."))
    }
}

/// The sandbox of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SandboxRow {
    /// Id, from which the engine's names derive.
    #[sqlx(try_from = "Uuid", rename = "sandbox_id")]
    pub id: SandboxId,
    /// State.
    #[sqlx(try_from = "String", rename = "sandbox_state")]
    pub state: SandboxState,
    /// Tier whose limits the container has.
    #[sqlx(try_from = "String", rename = "sandbox_tier")]
    pub tier: Slug,
}

impl Tx {
    pub(super) async fn insert_sandbox(&mut self, row: &SandboxRow, terminal: TerminalId) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO sandboxes (id, terminal_id, state, tier) VALUES ($1, $2, $3, $4)",
            row.id.uuid(),
            terminal.uuid(),
            row.state.as_str(),
            row.tier.as_str()
        );
        Ok(())
    }

    /// Records that the container of a terminal has run with the limits of `tier`.
    pub(super) async fn assign_sandbox(&mut self, terminal: TerminalId, tier: &Slug) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE sandboxes SET state = 'assigned', tier = $2 WHERE terminal_id = $1",
            terminal.uuid(),
            tier.as_str()
        );
        Ok(())
    }
}
