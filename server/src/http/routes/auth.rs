//! Set-up, invitations, login, logout.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use protocol::auth::{
    CodeRequest, InviteAccept, InviteStatus, LinkToken, LoginAnswer, LoginRequest, Me, SetupRequest, SetupStatus,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::audit::AsActor as _;
use crate::{
    accounts,
    auth::{PendingLogin, Visitor},
    http::{
        authn::{self, Enrolling},
        error::ApiResult,
        extract::Json,
    },
    problem::notice_text,
    services::Services,
};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(setup_status, set_up))
        .routes(routes!(invite_status))
        .routes(routes!(accept_invite))
        .routes(routes!(log_in))
        .routes(routes!(verify_code))
        .routes(routes!(log_out))
        .routes(routes!(me))
}

/// Whether the first administrator has to be created.
#[utoipa::path(get, path = "/api/setup", tag = "session", responses((status = 200, body = SetupStatus)))]
async fn setup_status(State(services): State<Services>) -> ApiResult<Json<SetupStatus>> {
    Ok(Json(SetupStatus { needed: accounts::is_needed(&services).await? }))
}

/// Creates the first administrator with the token of the set-up link, and signs them in.
#[utoipa::path(post, path = "/api/setup", tag = "session", request_body = SetupRequest, responses(
    (status = 201, description = "Created, and signed in by cookie"),
    (status = 403, description = "The token is wrong or has expired", body = protocol::Problem),
    (status = 409, description = "There is an administrator already", body = protocol::Problem),
    (status = 422, description = "The password is too weak", body = protocol::Problem),
    (status = 429, description = "Too many attempts", body = protocol::Problem)))]
async fn set_up(
    State(services): State<Services>,
    visitor: Visitor,
    Json(request): Json<SetupRequest>,
) -> ApiResult<Response> {
    let done = accounts::set_up(&services, &visitor, &request).await?;
    Ok((StatusCode::CREATED, authn::login_cookies(&done)).into_response())
}

/// What a one-time link is for.
#[utoipa::path(post, path = "/api/invite/status", tag = "session", request_body = LinkToken, responses(
    (status = 200, body = InviteStatus),
    (status = 403, description = "The link is not valid any more", body = protocol::Problem),
    (status = 429, description = "Too many attempts", body = protocol::Problem)))]
async fn invite_status(
    State(services): State<Services>,
    visitor: Visitor,
    Json(link): Json<LinkToken>,
) -> ApiResult<Json<InviteStatus>> {
    Ok(Json(accounts::invite_status(&services, &visitor, &link.token).await?))
}

/// Uses a one-time link: creates an account and signs it in, or sets a new password.
#[utoipa::path(post, path = "/api/invite", tag = "session", request_body = InviteAccept, responses(
    (status = 201, description = "The account was created, and is signed in by cookie"),
    (status = 204, description = "The password was set; sign in with it"),
    (status = 403, description = "The link is not valid any more", body = protocol::Problem),
    (status = 409, description = "The name is taken", body = protocol::Problem),
    (status = 422, description = "The password is too weak, or the name is not valid", body = protocol::Problem),
    (status = 429, description = "Too many attempts", body = protocol::Problem)))]
async fn accept_invite(
    State(services): State<Services>,
    visitor: Visitor,
    Json(request): Json<InviteAccept>,
) -> ApiResult<Response> {
    Ok(match accounts::accept(&services, &visitor, request).await? {
        Some(done) => (StatusCode::CREATED, authn::login_cookies(&done)).into_response(),
        None => (StatusCode::NO_CONTENT, authn::signed_out()).into_response(),
    })
}

/// Signs in with username and password.
#[utoipa::path(post, path = "/api/auth/login", tag = "session", request_body = LoginRequest, responses(
    (status = 200, description = "Signed in by cookie, or a code is missing", body = LoginAnswer),
    (status = 401, description = "Username and password do not match", body = protocol::Problem),
    (status = 429, description = "Too many tries", body = protocol::Problem)))]
async fn log_in(
    State(services): State<Services>,
    visitor: Visitor,
    Json(request): Json<LoginRequest>,
) -> ApiResult<Response> {
    let done = accounts::log_in(&services, visitor, request).await?;
    Ok((authn::login_cookies(&done), Json(LoginAnswer { status: done.status })).into_response())
}

/// Completes a pending login with a code: six digits of the authenticator app, or a recovery code.
#[utoipa::path(post, path = "/api/auth/login/mfa", tag = "session", request_body = CodeRequest, responses(
    (status = 200, description = "Signed in by cookie", body = LoginAnswer),
    (status = 401, description = "Wrong code, or there is no pending login", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn verify_code(
    State(services): State<Services>,
    visitor: Visitor,
    pending: PendingLogin,
    Json(request): Json<CodeRequest>,
) -> ApiResult<Response> {
    let done = accounts::verify_code(&services, &visitor, &pending, &request.code).await?;
    Ok((authn::login_cookies(&done), Json(LoginAnswer { status: done.status })).into_response())
}

/// Ends the login or the pending login of the cookies. Succeeds without one, too.
#[utoipa::path(post, path = "/api/auth/logout", tag = "session", responses((status = 204, description = "Signed out")))]
async fn log_out(State(services): State<Services>, request: Request) -> ApiResult<Response> {
    let (mut parts, _) = request.into_parts();
    let visitor = Visitor::from_request_parts(&mut parts, &services).await?;
    if let Some(who) = authn::logout_caller(&parts, &services).await? {
        accounts::log_out(&services, who.actor(), who.login_session()?, (who.user, who.username)).await?;
    }
    if let Ok(half) = PendingLogin::from_request_parts(&mut parts, &services).await {
        let actor = visitor.actor().known_as(half.user, &half.username);
        accounts::log_out(&services, actor, half.session, (half.user, half.username)).await?;
    }
    Ok((StatusCode::NO_CONTENT, authn::signed_out()).into_response())
}

/// The account of the user.
#[utoipa::path(get, path = "/api/me", tag = "session", responses(
    (status = 200, body = Me), (status = 401, body = protocol::Problem)))]
async fn me(State(services): State<Services>, Enrolling(who): Enrolling) -> ApiResult<Json<Me>> {
    let (me, notices) = accounts::me(&services, &who).await?;
    Ok(Json(Me { notices: notices.iter().map(notice_text).collect(), ..me }))
}
