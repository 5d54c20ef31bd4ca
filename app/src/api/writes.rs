//! Routes that change something, or take a secret in the body. Called in the browser only.

use protocol::{
    InviteId, SessionId, TerminalId, UserId,
    admin::{ImageEdit, InviteRequest, OneTimeLink, Settings, TierEdit, UserPatch, UserView},
    auth::{
        CodeRequest, InviteAccept, InviteStatus, LinkToken, LoginAnswer, LoginRequest, PasswordChange, SetupRequest,
    },
    mfa::{EnrolAnswer, EnrolRequest, LockStatus, RecoveryCodes, VerifyAnswer},
    names::Sensitive,
    terminals::{CreateTerminal, OptionalCode, PatchTerminal, Terminal},
};

use super::transport::{self, RequestFuture};

/// A response whose body, if any, is ignored.
pub type Ignored = serde::de::IgnoredAny;

/// The body of a route that takes a code and nothing else.
fn code(code: &str) -> CodeRequest {
    CodeRequest { code: Sensitive::new(code) }
}

// After the path: the body, or after `=>` a code without which there is no body.
macro_rules! writes {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty =
        $method:literal $path:literal $(, $body:expr)? $(=> $code:ident)?;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The future resolves to the problem the route responded with, or that the server could not be reached.
            #[allow(clippy::useless_format, unused_mut, unused_assignments)]
            pub fn $name($($arg: $ty),*) -> RequestFuture<$out> {
                let mut body = Ok(None);
                $(body = transport::json(&$body);)?
                $(
                    if let Some(code) = $code {
                        body = transport::json(&OptionalCode { code: Some(code) });
                    }
                )?
                transport::send($method, format!($path), body)
            }
        )*
    };
}

writes! {
    /// `POST /api/setup`.
    set_up(request: SetupRequest) -> Ignored = "POST" "/api/setup", request;
    /// `POST /api/invite/status`: what a one-time link is for.
    invite_status(token: Sensitive) -> InviteStatus = "POST" "/api/invite/status", LinkToken { token };
    /// `POST /api/invite`.
    accept_invite(request: InviteAccept) -> Ignored = "POST" "/api/invite", request;
    /// `POST /api/auth/login`.
    login(request: LoginRequest) -> LoginAnswer = "POST" "/api/auth/login", request;
    /// `POST /api/auth/login/mfa`.
    login_code(digits: &str) -> LoginAnswer = "POST" "/api/auth/login/mfa", code(digits);
    /// `POST /api/auth/logout`.
    logout() -> Ignored = "POST" "/api/auth/logout";
    /// `POST /api/account/password`.
    change_password(request: PasswordChange) -> Ignored = "POST" "/api/account/password", request;
    /// `POST /api/account/mfa/enrol`.
    enrol(request: EnrolRequest) -> EnrolAnswer = "POST" "/api/account/mfa/enrol", request;
    /// `POST /api/account/mfa/confirm`.
    confirm_mfa(digits: &str) -> RecoveryCodes = "POST" "/api/account/mfa/confirm", code(digits);
    /// `POST /api/account/mfa/disable`.
    disable_mfa(digits: &str) -> Ignored = "POST" "/api/account/mfa/disable", code(digits);
    /// `POST /api/account/mfa/recovery-codes`.
    new_recovery_codes(digits: &str) -> RecoveryCodes = "POST" "/api/account/mfa/recovery-codes", code(digits);
    /// `DELETE /api/account/notices`.
    dismiss_notices() -> Ignored = "DELETE" "/api/account/notices";
    /// `DELETE /api/account/sessions/{id}`.
    revoke_session(id: SessionId) -> Ignored = "DELETE" "/api/account/sessions/{id}";
    /// `POST /api/account/sessions/revoke-others`.
    revoke_other_sessions() -> Ignored = "POST" "/api/account/sessions/revoke-others";

    /// `POST /api/terminals`.
    create_terminal(request: &CreateTerminal) -> Terminal = "POST" "/api/terminals", request;
    /// `PATCH /api/terminals/{id}`.
    patch_terminal(id: TerminalId, patch: PatchTerminal) -> Terminal = "PATCH" "/api/terminals/{id}", patch;
    /// `POST /api/terminals/{id}/start`.
    start_terminal(id: TerminalId) -> Ignored = "POST" "/api/terminals/{id}/start";
    /// `POST /api/terminals/{id}/stop`.
    stop_terminal(id: TerminalId, code: Option<Sensitive>) -> Ignored = "POST" "/api/terminals/{id}/stop" => code;
    /// `POST /api/terminals/{id}/restart`.
    restart_terminal(id: TerminalId, code: Option<Sensitive>) -> Ignored =
        "POST" "/api/terminals/{id}/restart" => code;
    /// `DELETE /api/terminals/{id}`.
    delete_terminal(id: TerminalId, code: Option<Sensitive>) -> Ignored = "DELETE" "/api/terminals/{id}" => code;
    /// `POST /api/security/terminal/{id}/mfa-lock`.
    lock(id: TerminalId) -> LockStatus = "POST" "/api/security/terminal/{id}/mfa-lock";
    /// `POST /api/security/terminal/{id}/mfa-unlock`.
    unlock(id: TerminalId, digits: &str) -> LockStatus = "POST" "/api/security/terminal/{id}/mfa-unlock", code(digits);
    /// `POST /api/security/terminal/{id}/mfa-verify`.
    verify(id: TerminalId, digits: &str) -> VerifyAnswer =
        "POST" "/api/security/terminal/{id}/mfa-verify", code(digits);

    /// `POST /api/admin/users/invite`.
    invite_user(request: InviteRequest) -> OneTimeLink = "POST" "/api/admin/users/invite", request;
    /// `PATCH /api/admin/users/{id}`.
    patch_user(id: UserId, patch: UserPatch) -> UserView = "PATCH" "/api/admin/users/{id}", patch;
    /// `POST /api/admin/users/{id}/reset-mfa`.
    reset_mfa(id: UserId) -> Ignored = "POST" "/api/admin/users/{id}/reset-mfa";
    /// `POST /api/admin/users/{id}/reset-link`.
    reset_link(id: UserId) -> OneTimeLink = "POST" "/api/admin/users/{id}/reset-link";
    /// `DELETE /api/admin/invites/{id}`.
    revoke_invite(id: InviteId) -> Ignored = "DELETE" "/api/admin/invites/{id}";
    /// `POST /api/admin/terminals/{id}/stop`.
    admin_stop_terminal(id: TerminalId) -> Ignored = "POST" "/api/admin/terminals/{id}/stop";
    /// `DELETE /api/admin/terminals/{id}`.
    admin_delete_terminal(id: TerminalId, code: Option<Sensitive>) -> Ignored =
        "DELETE" "/api/admin/terminals/{id}" => code;
    /// `PUT /api/admin/images/{name}`.
    put_image(name: &str, edit: ImageEdit) -> Ignored = "PUT" "/api/admin/images/{name}", edit;
    /// `PUT /api/admin/tiers/{name}`.
    put_tier(name: &str, edit: TierEdit) -> Ignored = "PUT" "/api/admin/tiers/{name}", edit;
    /// `PUT /api/admin/settings`.
    put_settings(settings: &Settings) -> Ignored = "PUT" "/api/admin/settings", settings;
}
