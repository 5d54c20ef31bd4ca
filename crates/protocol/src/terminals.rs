//! Terminals, images and tiers.

use serde::{Deserialize, Serialize};

mod phase;

pub use phase::Phase;

use crate::{
    TerminalId, Timestamp,
    names::{Sensitive, Slug, TerminalName},
};

/// State of a terminal. [`Phase`] is finer; each phase belongs to one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TerminalState {
    /// Being created or started.
    Creating,
    /// Clients can attach.
    Running,
    /// The container is stopped. The home volume is kept.
    Stopped,
    /// It could not be created, or failed later. `error` has the reason.
    Failed,
    /// Being deleted.
    Deleting,
}

impl TerminalState {
    /// The name in the API.
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

/// A terminal in the view of its owner. It never contains input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terminal {
    /// Id.
    pub id: TerminalId,
    /// Display name.
    pub name: TerminalName,
    /// Image.
    pub image: Slug,
    /// Tier, which sets memory and CPU.
    pub tier: Slug,
    /// Hardening profile.
    pub profile: Slug,
    /// State.
    pub state: TerminalState,
    /// The step of its life that it is in. `state` follows from it.
    pub phase: Phase,
    /// The terminal is locked with MFA.
    pub mfa_locked: bool,
    /// End of the requesting login session's grant. Absent when there is none.
    pub granted_until: Option<Timestamp>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last input or start.
    pub last_active_at: Timestamp,
    /// Why it failed, as a sentence for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Body of `POST /api/terminals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateTerminal {
    /// Display name. Generated when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TerminalName>,
    /// Image name of `GET /api/images`.
    pub image: Slug,
    /// Tier name of `GET /api/tiers`; the default tier when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Slug>,
    /// Hardening profile. Only `standard` exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Slug>,
    /// Egress policy. Only `open` exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Slug>,
}

/// Body of `PATCH /api/terminals/{id}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchTerminal {
    /// New display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TerminalName>,
    /// New tier. It is applied without a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Slug>,
    /// A code. Required when the terminal is locked and this login session has no grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Sensitive>,
}

/// Body of `POST /api/terminals/{id}/stop` and `/restart`. It may be absent when no code is required.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OptionalCode {
    /// A code. Required when the terminal is locked and this login session has no grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Sensitive>,
}

/// Body of `DELETE /api/terminals/{id}`. It may be absent when the terminal is not locked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeleteTerminal {
    /// A code. Required when the terminal is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Sensitive>,
}

/// Response of `DELETE /api/terminals/{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deletion {
    /// Terminal id.
    pub id: TerminalId,
    /// Container and home volume are verified to be removed. Otherwise the deletion is in progress, and
    /// `GET /api/events` reports its end.
    pub gone: bool,
}

/// An image that terminals can be launched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Image {
    /// Name.
    pub name: Slug,
    /// Display title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Size on disk in bytes, from the engine. Absent when the engine does not have the image.
    pub size_bytes: Option<u64>,
    /// The engine has the image, and users can launch it.
    pub available: bool,
    /// It is the default choice.
    pub default: bool,
}

/// A tier that terminals can be launched with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tier {
    /// Name.
    pub name: Slug,
    /// Display title.
    pub title: String,
    /// Limit of memory and swap together, in bytes.
    pub memory_bytes: u64,
    /// CPU quota in thousandths of a core.
    pub cpu_millis: u32,
    /// Limit of processes and threads.
    pub pids: u32,
    /// It is the default choice.
    pub default: bool,
}

/// Response of `GET /api/terminals/{id}/stats`: use of resources, with their limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// CPU use over the last interval, in thousandths of a core.
    pub cpu_millis: u32,
    /// CPU quota, in thousandths of a core.
    pub cpu_millis_limit: u32,
    /// Memory in use without page cache, in bytes.
    pub memory_bytes: u64,
    /// Memory limit, in bytes.
    pub memory_bytes_limit: u64,
    /// Number of processes and threads.
    pub pids: u32,
    /// Limit of processes and threads.
    pub pids_limit: u32,
    /// Time of the measurement.
    pub at: Timestamp,
}
