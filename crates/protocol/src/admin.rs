//! Administration: users, invitations, settings, the audit log, the system.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    InviteId, TerminalId, Timestamp, UserId,
    auth::Role,
    names::{Slug, TerminalName, Username},
    terminals::{Phase, TerminalState},
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
    /// The account cannot sign in.
    pub disabled: bool,
    /// The account has a confirmed second factor.
    pub mfa_enabled: bool,
    /// Quota of terminals. Absent when the organisation's default applies.
    pub terminals_max: Option<u32>,
    /// Number of terminals.
    pub terminals: u32,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last sign-in.
    pub last_login_at: Option<Timestamp>,
}

/// Body of `PATCH /api/admin/users/{id}`. Absent fields are not changed.
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
    /// Quota of terminals. `null` applies the organisation's default.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub terminals_max: Option<Option<u32>>,
}

/// Distinguishes `null` (`Some(None)`) from an absent field (`None`).
fn double_option<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u32>>, D::Error> {
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
    /// Id, used to revoke the link.
    pub id: InviteId,
    /// URL.
    pub url: String,
    /// Time of expiry.
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
    /// Role of the new account.
    pub role: Role,
    /// Account whose password the link resets. Absent for an invitation.
    pub username: Option<Username>,
    /// Administrator who created it.
    pub created_by: Username,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of expiry.
    pub expires_at: Timestamp,
}

/// A terminal in the list of administrators. It never contains input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminTerminal {
    /// Terminal id.
    pub id: TerminalId,
    /// Display name.
    pub name: TerminalName,
    /// Account that owns it.
    pub owner: Username,
    /// Image.
    pub image: Slug,
    /// Tier.
    pub tier: Slug,
    /// State.
    pub state: TerminalState,
    /// The step of its life that it is in.
    pub phase: Phase,
    /// The terminal is locked with MFA.
    pub mfa_locked: bool,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last input or start.
    pub last_active_at: Timestamp,
}

/// Body of `PUT /api/admin/images/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageEdit {
    /// Display title, 1 to 64 characters.
    pub title: String,
    /// Description, at most 300 characters.
    pub description: String,
    /// Image reference on the engine, e.g. `rexec/debian:1`.
    pub reference: String,
    /// Users can launch it.
    pub enabled: bool,
    /// It is the default choice.
    pub default: bool,
}

/// An image in the list of administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminImage {
    /// Name.
    pub name: Slug,
    /// Its settings.
    #[serde(flatten)]
    pub edit: ImageEditView,
    /// Size on disk, in bytes. Absent when the engine does not have the image.
    pub size_bytes: Option<u64>,
}

/// The fields of [`ImageEdit`] in a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageEditView {
    /// Display title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Image reference on the engine.
    pub reference: String,
    /// Users can launch it.
    pub enabled: bool,
    /// It is the default choice.
    pub default: bool,
}

/// Body of `PUT /api/admin/tiers/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierEdit {
    /// Display title, 1 to 64 characters.
    pub title: String,
    /// Memory limit in bytes, 512 MiB to 4 GiB.
    pub memory_bytes: u64,
    /// CPU quota in thousandths of a core, 100 to 8000.
    pub cpu_millis: u32,
    /// It is the default choice.
    pub default: bool,
}

/// The organisation's settings (`GET, PUT /api/admin/settings`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settings {
    /// Idle timeout of login sessions, in seconds; 300 to 86 400.
    pub session_idle_secs: u32,
    /// Maximum duration of login sessions, in seconds; 900 to 2 592 000.
    pub session_absolute_secs: u32,
    /// Time without input after which a grant ends, in seconds; 60 to 86 400.
    pub grant_idle_secs: u32,
    /// Maximum duration of grants, in seconds; 300 to 604 800.
    pub grant_absolute_secs: u32,
    /// Codes one time step (30 s) ahead of the server's clock are accepted.
    pub totp_one_step_ahead: bool,
    /// Accounts without MFA cannot use terminals.
    pub mfa_required: bool,
    /// Default quota of terminals per account; 0 to 100.
    pub terminals_max: u32,
    /// Retention of audit events, in days; 30 to 3650.
    pub audit_retention_days: u32,
}

impl Default for Settings {
    /// The values of the security rules.
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

/// Result of an audited action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused or failed.
    Failure,
}

/// One event of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditView {
    /// Position in the hash chain, from 1.
    pub seq: i64,
    /// Time of the event.
    pub at: Timestamp,
    /// Kind of event, e.g. `terminal_mfa_locked`.
    pub event: String,
    /// Result.
    pub outcome: Outcome,
    /// Name of the acting account at that time. Absent for the system and for unknown callers.
    pub actor: Option<String>,
    /// Id of the acting account.
    pub actor_id: Option<UserId>,
    /// Id of the terminal or account that was acted on.
    pub target: Option<String>,
    /// Name of that terminal or account at that time.
    pub target_name: Option<String>,
    /// Client address.
    pub address: Option<String>,
    /// Further data as `name=value` pairs. Never contains a secret.
    pub detail: Option<String>,
    /// Request id, as in the server's log.
    pub request_id: Option<String>,
}

/// Response of `GET /api/admin/audit/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditVerdict {
    /// The hash chain is complete and unchanged.
    pub intact: bool,
    /// Number of events checked.
    pub events: i64,
    /// Position of the first event that does not match the chain.
    pub first_bad_seq: Option<i64>,
    /// Position of the first event whose value is made with a key outside the database. Earlier events are those of
    /// versions without a key; the key covers the last of them.
    pub keyed_from: i64,
    /// The stored ends of the chain are those that the server wrote with its key.
    pub head_authentic: bool,
    /// The stored events match, but events after them are missing or may be.
    pub truncated: bool,
}

/// One result of `rexec doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Stable id, e.g. `engine.version`.
    pub id: String,
    /// Display title.
    pub title: String,
    /// Observed value.
    pub seen: String,
    /// Assessment.
    pub level: Level,
    /// Recommended action, if there is one.
    pub advice: Option<String>,
}

/// Assessment of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Level {
    /// As recommended.
    Good,
    /// Works, but is weaker than recommended.
    Warning,
    /// Does not work.
    Broken,
}

/// Response of `GET /api/admin/system`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct System {
    /// Version of this server.
    pub version: String,
    /// `sqlite` or `postgresql`, with its version.
    pub database: String,
    /// Start time of the server.
    pub started_at: Timestamp,
    /// Number of attached clients.
    pub viewers: u32,
    /// Results of the checks.
    pub findings: Vec<Finding>,
}
