//! The phase of a terminal.

use serde::{Deserialize, Serialize};

use super::TerminalState;
use crate::names::InvalidText;

/// The step of its life that a terminal is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Phase {
    /// Its start is requested and waits for its turn.
    Pending,
    /// Its container is being created or started.
    Starting,
    /// Clients can attach.
    Running,
    /// Its container was paused on the engine. Its processes exist and are frozen.
    Paused,
    /// Its container is being stopped. No client can attach.
    Stopping,
    /// Its container does not run. The home volume is kept.
    Stopped,
    /// It could not be started, or was lost. The reason says why.
    Failed,
    /// It is being deleted.
    Deleting,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Starting,
        Self::Running,
        Self::Paused,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
        Self::Deleting,
    ];

    /// The name in the API and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
        }
    }

    /// The state that clients of the API see.
    pub const fn state(self) -> TerminalState {
        match self {
            Self::Pending | Self::Starting => TerminalState::Creating,
            Self::Running => TerminalState::Running,
            Self::Paused | Self::Stopping | Self::Stopped => TerminalState::Stopped,
            Self::Failed => TerminalState::Failed,
            Self::Deleting => TerminalState::Deleting,
        }
    }
}

/// From the stored name.
impl TryFrom<String> for Phase {
    type Error = InvalidText;
    fn try_from(name: String) -> Result<Self, InvalidText> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name).ok_or(InvalidText("That is no phase of a terminal."))
    }
}
