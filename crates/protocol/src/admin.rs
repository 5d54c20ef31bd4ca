//! Administration: people, invitations, settings, the audit trail, the system.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    InviteId, TerminalId, Timestamp, UserId,
    auth::Role,
    names::{Slug, TerminalName, Username},
    terminals::TerminalState,
};

/// An account in the list of `GET /api/admin/users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserView {
    /// Account id.
    pub id: UserId,
    /// Account name.
    pub username: Username,
    /// Role.
    pub role: Role,
    /// It cannot sign in.
    pub disabled: bool,
    /// It has a confirmed factor.
    pub mfa_enabled: bool,
    /// Terminals it may have; absent: the organisation's default.
    pub terminals_max: Option<u32>,
    /// Terminals it has.
    pub terminals: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its last sign-in.
    pub last_login_at: Option<Timestamp>,
}

/// Body of `PATCH /api/admin/users/{id}`; only what is given is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserPatch {
    /// New role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Disable or enable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Terminals it may have; `null` for as many as the organisation's settings say.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub terminals_max: Option<Option<u32>>,
}

/// A `null` that is given is something else than nothing given.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Body of `POST /api/admin/users/invite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteRequest {
    /// Role of the new account.
    pub role: Role,
}

/// A one-time link, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OneTimeLink {
    /// Id, to revoke it by.
    pub id: InviteId,
    /// The whole link.
    pub url: String,
    /// When it dies.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for OneTimeLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimeLink").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An open invitation in the list of `GET /api/admin/invites`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteView {
    /// Invitation id.
    pub id: InviteId,
    /// Role the account will have.
    pub role: Role,
    /// Account it resets, when it is a reset link.
    pub username: Option<Username>,
    /// Who made it.
    pub created_by: Username,
    /// When.
    pub created_at: Timestamp,
    /// When it dies.
    pub expires_at: Timestamp,
}

/// A terminal as administrators see it: never its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminTerminal {
    /// Terminal id.
    pub id: TerminalId,
    /// Label.
    pub name: TerminalName,
    /// Whose.
    pub owner: Username,
    /// Image.
    pub image: Slug,
    /// Tier.
    pub tier: Slug,
    /// State.
    pub state: TerminalState,
    /// Locked with MFA.
    pub mfa_locked: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last input or start.
    pub last_active_at: Timestamp,
}

/// Body of `PUT /api/admin/images/{name}`: how an image is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageEdit {
    /// Title for people, 1 to 64 characters.
    pub title: String,
    /// What is in it, up to 300 characters.
    pub description: String,
    /// The engine's reference, e.g. `rexec/debian:1`.
    pub reference: String,
    /// It may be launched.
    pub enabled: bool,
    /// It is offered first.
    pub default: bool,
}

/// An image as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminImage {
    /// Name to launch it by.
    pub name: Slug,
    /// How it is offered.
    #[serde(flatten)]
    pub edit: ImageEditView,
    /// Size on disk; absent when the engine does not have it.
    pub size_bytes: Option<u64>,
}

/// The same fields as [`ImageEdit`], for answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageEditView {
    /// Title for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// The engine's reference.
    pub reference: String,
    /// It may be launched.
    pub enabled: bool,
    /// It is offered first.
    pub default: bool,
}

/// Body of `PUT /api/admin/tiers/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierEdit {
    /// Title for people, 1 to 64 characters.
    pub title: String,
    /// Memory limit, 512 MiB to 4 GiB.
    pub memory_bytes: u64,
    /// CPU quota in thousandths of a core, 100 to 8000.
    pub cpu_millis: u32,
    /// It is offered first.
    pub default: bool,
}

/// The organisation's settings (`GET, PUT /api/admin/settings`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settings {
    /// A login session ends after this long without a request; 300 to 86 400.
    pub session_idle_secs: u32,
    /// A login session ends after this long in any case; 900 to 2 592 000.
    pub session_absolute_secs: u32,
    /// A grant ends after this long without input; 60 to 86 400.
    pub grant_idle_secs: u32,
    /// A grant ends after this long in any case; 300 to 604 800.
    pub grant_absolute_secs: u32,
    /// Accept a code one step (30 s) ahead of the server's clock.
    pub totp_one_step_ahead: bool,
    /// Every account must enrol MFA before it can use terminals.
    pub mfa_required: bool,
    /// Terminals an account may have; 0 to 100.
    pub terminals_max: u32,
    /// Audit events are kept this long; 30 to 3650.
    pub audit_retention_days: u32,
}

impl Default for Settings {
    /// The figures of the security rules.
    fn default() -> Self {
        Self {
            session_idle_secs: 30 * 60,
            session_absolute_secs: 12 * 3600,
            grant_idle_secs: 15 * 60,
            grant_absolute_secs: 8 * 3600,
            totp_one_step_ahead: false,
            mfa_required: false,
            terminals_max: 10,
            audit_retention_days: 365,
        }
    }
}

/// How an audited action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Outcome {
    /// Done.
    Success,
    /// Tried and refused or failed.
    Failure,
}

/// One event of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditView {
    /// Position in the hash chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What, e.g. `terminal_mfa_locked`.
    pub event: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Who, by name as it was then; absent for the system and for unknown callers.
    pub actor: Option<String>,
    /// Who, by id.
    pub actor_id: Option<UserId>,
    /// Which terminal or account it was about.
    pub target: Option<String>,
    /// The name of that terminal or account as it was then.
    pub target_name: Option<String>,
    /// Client address.
    pub address: Option<String>,
    /// More facts, as `name=value` pairs; never a secret.
    pub detail: Option<String>,
    /// Request id, to find it in the log.
    pub request_id: Option<String>,
}

/// Answer of `GET /api/admin/audit/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditVerdict {
    /// The whole chain holds.
    pub intact: bool,
    /// Events looked at.
    pub events: i64,
    /// The first event that does not fit, when one does not.
    pub first_bad_seq: Option<i64>,
}

/// One line of what the doctor sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Stable name, e.g. `engine.version`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// What was seen.
    pub seen: String,
    /// How good that is.
    pub level: Level,
    /// What to do, when something should be done.
    pub advice: Option<String>,
}

/// How good a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Level {
    /// As it should be.
    Good,
    /// Works, but weaker than it could be.
    Warning,
    /// Does not work.
    Broken,
}

/// Answer of `GET /api/admin/system`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct System {
    /// Version of this server.
    pub version: String,
    /// `sqlite` or `postgresql`, with its version.
    pub database: String,
    /// When the server started.
    pub started_at: Timestamp,
    /// Open terminal sockets.
    pub viewers: u32,
    /// The findings.
    pub findings: Vec<Finding>,
}
