//! Set-up, login, the person's own account and login sessions.

use serde::{Deserialize, Serialize};

use crate::{
    SessionId, Timestamp, UserId,
    names::{BadText, Sensitive, Username},
};

/// Answer of `GET /api/setup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupStatus {
    /// No administrator exists yet.
    pub needed: bool,
}

/// Body of `POST /api/setup`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupRequest {
    /// The one-time token of the printed link.
    pub token: Sensitive,
    /// The administrator's name.
    pub username: Username,
    /// The administrator's password.
    pub password: Sensitive,
}

/// Answer of `GET /api/invite?token=`: what the person is about to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteStatus {
    /// Given when the link resets an existing account's password; absent when a name is to be chosen.
    pub username: Option<Username>,
    /// Role the new account will have.
    pub role: Role,
    /// When the link dies.
    pub expires_at: Timestamp,
}

/// Body of `POST /api/invite`: accept an invitation or a password reset link.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteAccept {
    /// The one-time token of the link.
    pub token: Sensitive,
    /// The chosen name; refused for a reset link.
    #[serde(default)]
    pub username: Option<Username>,
    /// The new password.
    pub password: Sensitive,
}

/// Body of `POST /api/auth/login`. The name is plain text here: a malformed one is simply unknown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// Account name as typed.
    pub username: String,
    /// Password as typed.
    pub password: Sensitive,
}

/// How far a login has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LoginStatus {
    /// Signed in.
    Ok,
    /// The password is right; the pending cookie fits `POST /api/auth/login/mfa` only.
    MfaRequired,
}

/// Answer of the two login routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAnswer {
    /// How far the login has come.
    pub status: LoginStatus,
}

/// Body of every route that takes only a code: six digits, or a recovery code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeRequest {
    /// Six digits of the authenticator app, or a recovery code.
    pub code: Sensitive,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Own terminals only.
    User,
    /// Administration as well; never the bytes of other people's terminals.
    Admin,
}

impl Role {
    /// The stored and shown word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// From the stored word.
impl TryFrom<String> for Role {
    type Error = BadText;
    fn try_from(word: String) -> Result<Self, BadText> {
        match word.as_str() {
            "user" => Ok(Self::User),
            "admin" => Ok(Self::Admin),
            _ => Err(BadText("A role is user or admin.")),
        }
    }
}

/// Answer of `GET /api/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// Account id.
    pub id: UserId,
    /// Account name.
    pub username: Username,
    /// Role.
    pub role: Role,
    /// A confirmed factor exists.
    pub mfa_enabled: bool,
    /// Unused recovery codes.
    pub recovery_codes_left: u32,
    /// The organisation asks every account for MFA, and this one has none yet.
    #[serde(default)]
    pub mfa_must_enrol: bool,
    /// Things the person must know since the last visit (a reset factor, a spent recovery code).
    #[serde(default)]
    pub notices: Vec<String>,
}

/// Body of `POST /api/account/password`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The present password.
    pub current: Sensitive,
    /// The new one.
    pub new: Sensitive,
    /// Needed when a factor exists.
    #[serde(default)]
    pub code: Option<Sensitive>,
}

/// One login session in the list of `GET /api/account/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Session id.
    pub id: SessionId,
    /// Browser and system, from the User-Agent, shortened.
    pub device: String,
    /// Client address as the server saw it.
    pub address: String,
    /// When it signed in.
    pub created_at: Timestamp,
    /// Its last request.
    pub last_seen_at: Timestamp,
    /// It is the one that asks.
    pub current: bool,
}
