//! Terminals, and what they may be launched from.

use serde::{Deserialize, Serialize};

use crate::{
    TerminalId, Timestamp,
    names::{BadText, Sensitive, Slug, TerminalName},
};

/// Where a terminal is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TerminalState {
    /// Being made or started.
    Creating,
    /// A shell can be reached.
    Running,
    /// The container is stopped; the home volume is kept.
    Stopped,
    /// It could not be made, or broke; `error` says why.
    Failed,
    /// Being removed.
    Deleting,
}

impl TerminalState {
    /// The stored and shown word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
        }
    }
}

/// From the stored word.
impl TryFrom<String> for TerminalState {
    type Error = BadText;
    fn try_from(word: String) -> Result<Self, BadText> {
        let all = [Self::Creating, Self::Running, Self::Stopped, Self::Failed, Self::Deleting];
        all.into_iter().find(|s| s.as_str() == word).ok_or(BadText("That is no state of a terminal."))
    }
}

/// One terminal as its owner sees it. Holds no byte of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terminal {
    /// Id.
    pub id: TerminalId,
    /// Label.
    pub name: TerminalName,
    /// Image it was made from.
    pub image: Slug,
    /// Tier: memory and CPU.
    pub tier: Slug,
    /// Hardening profile.
    pub profile: Slug,
    /// State.
    pub state: TerminalState,
    /// Locked with MFA.
    pub mfa_locked: bool,
    /// End of the asking login session's grant, when locked and granted.
    pub granted_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last input or start.
    pub last_active_at: Timestamp,
    /// Why it failed, in words for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Body of `POST /api/terminals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateTerminal {
    /// Label; one is made up when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TerminalName>,
    /// Image name of `GET /api/images`.
    pub image: Slug,
    /// Tier name of `GET /api/tiers`; the default tier when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Slug>,
    /// Hardening profile; only `standard` exists so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Slug>,
    /// Egress policy; only `open` exists so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Slug>,
}

/// Body of `PATCH /api/terminals/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchTerminal {
    /// New label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TerminalName>,
    /// New tier, applied live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Slug>,
}

/// Body of `DELETE /api/terminals/{id}`; may be absent when the terminal is not locked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeleteTerminal {
    /// Needed when the terminal is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Sensitive>,
}

/// Answer of `DELETE /api/terminals/{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deletion {
    /// Which.
    pub id: TerminalId,
    /// Container and home are proven to be gone; otherwise that is still going on, and `GET /api/events` tells its end.
    pub gone: bool,
}

/// An image that may be launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Image {
    /// Name to launch it by.
    pub name: Slug,
    /// Title for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// Size on disk, as the engine says; absent when the engine does not have it.
    pub size_bytes: Option<u64>,
    /// It is there and may be launched.
    pub available: bool,
    /// It is the one offered first.
    pub default: bool,
}

/// A tier that may be launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tier {
    /// Name to launch it by.
    pub name: Slug,
    /// Title for people.
    pub title: String,
    /// Memory limit (swap is equal to memory, so none is added).
    pub memory_bytes: u64,
    /// CPU quota in thousandths of a core.
    pub cpu_millis: u32,
    /// Process limit.
    pub pids: u32,
    /// It is the one offered first.
    pub default: bool,
}

/// Use of resources against limits, for `GET /api/terminals/{id}/stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// CPU in thousandths of a core, over the last interval.
    pub cpu_millis: u32,
    /// CPU quota.
    pub cpu_millis_limit: u32,
    /// Memory in use, page cache excluded.
    pub memory_bytes: u64,
    /// Memory limit.
    pub memory_bytes_limit: u64,
    /// Processes and threads.
    pub pids: u32,
    /// Process limit.
    pub pids_limit: u32,
    /// When it was read.
    pub at: Timestamp,
}
