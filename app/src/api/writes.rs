//! Every route that changes something or is asked for only after a click: browser only, REST only.

use protocol::{
    InviteId, Page, Problem, SessionId, TerminalId, UserId,
    admin::{AuditVerdict, ImageEdit, InviteRequest, OneTimeLink, Settings, TierEdit, UserPatch, UserView},
    auth::{CodeRequest, InviteAccept, InviteStatus, LoginAnswer, LoginRequest, PasswordChange, SetupRequest},
    mfa::{EnrolAnswer, EnrolRequest, LockStatus, RecoveryCodes, VerifyAnswer},
    names::Sensitive,
    security::SecurityReport,
    terminals::{CreateTerminal, DeleteTerminal, Image, PatchTerminal, Stats, Terminal, Tier},
};

use super::{query::Encoded, transport};

/// An answer whose body, if there is one, nobody reads.
pub type Done = serde::de::IgnoredAny;

const NO_BODY: Option<&()> = None;

/// The body of a route that takes only a code.
fn code(code: &str) -> CodeRequest {
    CodeRequest { code: Sensitive::new(code) }
}

macro_rules! writes {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty = $method:literal $path:literal $(, $body:expr)?;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The refusal of the route, or that it could not be reached.
            #[allow(clippy::useless_format)]
            pub async fn $name($($arg: $ty),*) -> Result<$out, Problem> {
                let body = NO_BODY;
                $(let _ = body; let body = Some(&$body);)?
                transport::send($method, &format!($path), body).await
            }
        )*
    };
}

writes! {
    /// `POST /api/setup`.
    set_up(request: SetupRequest) -> Done = "POST" "/api/setup", request;
    /// `POST /api/invite`.
    accept_invite(request: InviteAccept) -> Done = "POST" "/api/invite", request;
    /// `POST /api/auth/login`.
    login(request: LoginRequest) -> LoginAnswer = "POST" "/api/auth/login", request;
    /// `POST /api/auth/login/mfa`.
    login_code(digits: &str) -> LoginAnswer = "POST" "/api/auth/login/mfa", code(digits);
    /// `POST /api/auth/logout`.
    logout() -> Done = "POST" "/api/auth/logout";
    /// `POST /api/account/password`.
    change_password(request: PasswordChange) -> Done = "POST" "/api/account/password", request;
    /// `POST /api/account/mfa/enrol`.
    enrol(request: EnrolRequest) -> EnrolAnswer = "POST" "/api/account/mfa/enrol", request;
    /// `POST /api/account/mfa/confirm`.
    confirm_mfa(digits: &str) -> RecoveryCodes = "POST" "/api/account/mfa/confirm", code(digits);
    /// `POST /api/account/mfa/disable`.
    disable_mfa(digits: &str) -> Done = "POST" "/api/account/mfa/disable", code(digits);
    /// `POST /api/account/mfa/recovery-codes`.
    new_recovery_codes(digits: &str) -> RecoveryCodes = "POST" "/api/account/mfa/recovery-codes", code(digits);
    /// `DELETE /api/account/notices`.
    dismiss_notices() -> Done = "DELETE" "/api/account/notices";
    /// `DELETE /api/account/sessions/{id}`.
    revoke_session(id: SessionId) -> Done = "DELETE" "/api/account/sessions/{id}";
    /// `POST /api/account/sessions/revoke-others`.
    revoke_other_sessions() -> Done = "POST" "/api/account/sessions/revoke-others";

    /// `POST /api/terminals`.
    create_terminal(request: &CreateTerminal) -> Terminal = "POST" "/api/terminals", request;
    /// `PATCH /api/terminals/{id}`.
    patch_terminal(id: TerminalId, patch: PatchTerminal) -> Terminal = "PATCH" "/api/terminals/{id}", patch;
    /// `POST /api/terminals/{id}/start`.
    start_terminal(id: TerminalId) -> Done = "POST" "/api/terminals/{id}/start";
    /// `POST /api/terminals/{id}/stop`.
    stop_terminal(id: TerminalId) -> Done = "POST" "/api/terminals/{id}/stop";
    /// `POST /api/terminals/{id}/restart`.
    restart_terminal(id: TerminalId) -> Done = "POST" "/api/terminals/{id}/restart";
    /// `DELETE /api/terminals/{id}`.
    delete_terminal(id: TerminalId, request: DeleteTerminal) -> Done = "DELETE" "/api/terminals/{id}", request;
    /// `POST /api/security/terminal/{id}/mfa-lock`.
    lock(id: TerminalId) -> LockStatus = "POST" "/api/security/terminal/{id}/mfa-lock";
    /// `POST /api/security/terminal/{id}/mfa-unlock`.
    unlock(id: TerminalId, digits: &str) -> LockStatus = "POST" "/api/security/terminal/{id}/mfa-unlock", code(digits);
    /// `POST /api/security/terminal/{id}/mfa-verify`.
    verify(id: TerminalId, digits: &str) -> VerifyAnswer = "POST" "/api/security/terminal/{id}/mfa-verify", code(digits);

    /// `POST /api/admin/users/invite`.
    invite_user(request: InviteRequest) -> OneTimeLink = "POST" "/api/admin/users/invite", request;
    /// `PATCH /api/admin/users/{id}`.
    patch_user(id: UserId, patch: UserPatch) -> UserView = "PATCH" "/api/admin/users/{id}", patch;
    /// `POST /api/admin/users/{id}/reset-mfa`.
    reset_mfa(id: UserId) -> Done = "POST" "/api/admin/users/{id}/reset-mfa";
    /// `POST /api/admin/users/{id}/reset-link`.
    reset_link(id: UserId) -> OneTimeLink = "POST" "/api/admin/users/{id}/reset-link";
    /// `DELETE /api/admin/invites/{id}`.
    revoke_invite(id: InviteId) -> Done = "DELETE" "/api/admin/invites/{id}";
    /// `POST /api/admin/terminals/{id}/stop`.
    admin_stop_terminal(id: TerminalId) -> Done = "POST" "/api/admin/terminals/{id}/stop";
    /// `DELETE /api/admin/terminals/{id}`.
    admin_delete_terminal(id: TerminalId, request: DeleteTerminal) -> Done = "DELETE" "/api/admin/terminals/{id}", request;
    /// `PUT /api/admin/images/{name}`.
    put_image(name: &str, edit: ImageEdit) -> Done = "PUT" "/api/admin/images/{name}", edit;
    /// `PUT /api/admin/tiers/{name}`.
    put_tier(name: &str, edit: TierEdit) -> Done = "PUT" "/api/admin/tiers/{name}", edit;
    /// `PUT /api/admin/settings`.
    put_settings(settings: &Settings) -> Done = "PUT" "/api/admin/settings", settings;
}

macro_rules! late_reads {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty = $path:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The refusal of the route, or that it could not be reached.
            #[allow(clippy::useless_format)]
            pub async fn $name($($arg: $ty),*) -> Result<$out, Problem> {
                transport::get(format!($path)).await
            }
        )*
    };
}

late_reads! {
    /// `GET /api/images`.
    images() -> Page<Image> = "/api/images";
    /// `GET /api/tiers`.
    tiers() -> Page<Tier> = "/api/tiers";
    /// `GET /api/terminals/{id}/stats`.
    stats(id: TerminalId) -> Stats = "/api/terminals/{id}/stats";
    /// `GET /api/terminals/{id}/security`.
    security(id: TerminalId) -> SecurityReport = "/api/terminals/{id}/security";
    /// `GET /api/security/terminal/{id}/mfa-status`.
    lock_status(id: TerminalId) -> LockStatus = "/api/security/terminal/{id}/mfa-status";
    /// `GET /api/admin/audit/verify`.
    verify_audit() -> AuditVerdict = "/api/admin/audit/verify";
}

/// `GET /api/invite?token=`: what a one-time link is for.
///
/// # Errors
/// The link is wrong, used or stale, or the server could not be reached.
pub async fn invite_status(token: &str) -> Result<InviteStatus, Problem> {
    transport::get(format!("/api/invite?token={}", Encoded(token))).await
}
