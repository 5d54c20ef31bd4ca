//! The desired state of a terminal.

use protocol::names::InvalidText;

/// What the owner asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesiredState {
    /// Running.
    Running,
    /// Stopped, with its home kept.
    Stopped,
    /// Deleted, with its home.
    Deleted,
}

impl DesiredState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Deleted => "deleted",
        }
    }
}

/// From the stored name.
impl TryFrom<String> for DesiredState {
    type Error = InvalidText;
    fn try_from(name: String) -> Result<Self, InvalidText> {
        let all = [Self::Running, Self::Stopped, Self::Deleted];
        all.into_iter().find(|d| d.as_str() == name).ok_or(InvalidText("That is no desired state of a terminal."))
    }
}
