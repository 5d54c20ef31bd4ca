//! The account of the user: password, factor, login sessions, notices, events.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use protocol::{
    Page, SessionId,
    admin::AuditView,
    auth::{CodeRequest, PasswordChange, SessionView},
    mfa::{EnrolAnswer, EnrolRequest, RecoveryCodes},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::audit::AuditParams;
use crate::{
    accounts,
    http::{
        authn::{self, Enrolling, SignedIn},
        error::ApiResult,
        extract::{IdPath, Json, PageParams, Query},
    },
    services::Services,
};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(enrol))
        .routes(routes!(confirm))
        .routes(routes!(disable))
        .routes(routes!(regenerate))
        .routes(routes!(list_sessions))
        .routes(routes!(revoke_session))
        .routes(routes!(revoke_others))
        .routes(routes!(dismiss_notices))
        .routes(routes!(own_audit))
}

/// Changes the password and ends every other login.
#[utoipa::path(post, path = "/api/account/password", tag = "account", request_body = PasswordChange, responses(
    (status = 204, description = "Changed; this login has a new cookie"),
    (status = 401, description = "The current password or the code is wrong", body = protocol::Problem),
    (status = 422, description = "The new password is too weak", body = protocol::Problem),
    (status = 429, description = "Too many tries", body = protocol::Problem)))]
async fn change_password(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    Json(request): Json<PasswordChange>,
) -> ApiResult<Response> {
    let token = accounts::change_password(&services, &who, request).await?;
    Ok((StatusCode::NO_CONTENT, authn::signed_in(&token)).into_response())
}

/// Creates a secret for an authenticator app. It is pending until its first code.
#[utoipa::path(post, path = "/api/account/mfa/enrol", tag = "account", request_body = EnrolRequest, responses(
    (status = 200, description = "The secret, shown once", body = EnrolAnswer),
    (status = 401, description = "The password or the code is wrong", body = protocol::Problem),
    (status = 429, description = "Too many tries", body = protocol::Problem)))]
async fn enrol(
    State(services): State<Services>,
    Enrolling(who): Enrolling,
    Json(request): Json<EnrolRequest>,
) -> ApiResult<Json<EnrolAnswer>> {
    Ok(Json(accounts::enrol_factor(&services, &who, &request).await?))
}

/// Confirms the pending secret with its first code, which makes it the factor.
#[utoipa::path(post, path = "/api/account/mfa/confirm", tag = "account", request_body = CodeRequest, responses(
    (status = 200, description = "Shown once; other logins ended, this one has a new cookie", body = RecoveryCodes),
    (status = 401, description = "Wrong code", body = protocol::Problem),
    (status = 409, description = "There is no pending secret", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn confirm(
    State(services): State<Services>,
    Enrolling(who): Enrolling,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    let (codes, token) = accounts::confirm_factor(&services, &who, request.code).await?;
    Ok((authn::signed_in(&token), Json(codes)).into_response())
}

/// Removes the factor.
#[utoipa::path(post, path = "/api/account/mfa/disable", tag = "account", request_body = CodeRequest, responses(
    (status = 204, description = "Removed; other logins ended, this one has a new cookie"),
    (status = 400, description = "There is no factor", body = protocol::Problem),
    (status = 401, description = "Wrong code", body = protocol::Problem),
    (status = 409, description = "Terminals are locked, or the organisation requires MFA", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn disable(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    let token = accounts::disable_factor(&services, &who, request.code).await?;
    Ok((StatusCode::NO_CONTENT, authn::signed_in(&token)).into_response())
}

/// Creates ten new recovery codes. The old ones are invalid, and every other login ends.
#[utoipa::path(post, path = "/api/account/mfa/recovery-codes", tag = "account", request_body = CodeRequest, responses(
    (status = 200, description = "Shown once; this login has a new cookie", body = RecoveryCodes),
    (status = 400, description = "There is no factor", body = protocol::Problem),
    (status = 401, description = "Wrong code", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn regenerate(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    let (codes, token) = accounts::regenerate_codes(&services, &who, request.code).await?;
    Ok((authn::signed_in(&token), Json(codes)).into_response())
}

/// The login sessions of the user.
#[utoipa::path(get, path = "/api/account/sessions", tag = "account", params(PageParams), responses(
    (status = 200, body = Page<SessionView>), (status = 401, body = protocol::Problem)))]
async fn list_sessions(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<SessionView>>> {
    Ok(Json(page.page_of(accounts::list_sessions(&services, &who).await?, |session| session.id.to_string())?))
}

/// Ends one login session of the user, with its sockets.
#[utoipa::path(
    delete,
    path = "/api/account/sessions/{id}",
    tag = "account",
    params(("id" = SessionId, Path)),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "No such session of yours", body = protocol::Problem),
    ),
)]
async fn revoke_session(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    IdPath(id): IdPath<SessionId>,
) -> ApiResult<StatusCode> {
    accounts::revoke_session(&services, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every other login of the user.
#[utoipa::path(post, path = "/api/account/sessions/revoke-others", tag = "account", responses(
    (status = 204, description = "Ended"), (status = 401, body = protocol::Problem)))]
async fn revoke_others(State(services): State<Services>, SignedIn(who): SignedIn) -> ApiResult<Response> {
    let token = accounts::revoke_others(&services, &who).await?;
    Ok((StatusCode::NO_CONTENT, authn::signed_in(&token)).into_response())
}

/// Deletes the notices of `GET /api/me`.
#[utoipa::path(delete, path = "/api/account/notices", tag = "account", responses(
    (status = 204, description = "Deleted"), (status = 401, body = protocol::Problem)))]
async fn dismiss_notices(State(services): State<Services>, SignedIn(who): SignedIn) -> ApiResult<StatusCode> {
    accounts::dismiss_notices(&services, &who).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Events of the user, and events about their account and terminals.
#[utoipa::path(get, path = "/api/account/audit", tag = "account", params(AuditParams), responses(
    (status = 200, body = Page<AuditView>), (status = 401, body = protocol::Problem),
    (status = 422, description = "The search took too long", body = protocol::Problem),
    (status = 429, description = "Other searches run", body = protocol::Problem)))]
async fn own_audit(
    State(services): State<Services>,
    SignedIn(who): SignedIn,
    Query(params): Query<AuditParams>,
) -> ApiResult<Json<Page<AuditView>>> {
    let mut page = params.page(&services, who.user, Some(who.user)).await?;
    // Addresses of administrators are not shown to users.
    for event in page.items.iter_mut().filter(|event| event.actor_id.is_some_and(|id| id != who.user)) {
        event.address = None;
    }
    Ok(Json(page))
}
