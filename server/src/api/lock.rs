//! The four routes of the terminal lock.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use protocol::{
    TerminalId,
    auth::CodeRequest,
    mfa::{LockStatus, VerifyAnswer},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, TerminalPath},
    login,
    problem::{Answer, Refusal},
};
use crate::{
    auth::Caller,
    services::Services,
    terminals::lock::{self, LockError},
};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(lock_it))
        .routes(routes!(unlock))
        .routes(routes!(verify))
}

impl From<LockError> for Refusal {
    fn from(error: LockError) -> Self {
        Self(error.problem())
    }
}

/// Locked or not, and until when this login may use it.
#[utoipa::path(get, path = "/api/security/terminal/{id}/mfa-status", tag = "lock", params(("id" = TerminalId, Path)), responses(
    (status = 200, body = LockStatus),
    (status = 401, body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem)))]
async fn status(
    State(services): State<Services>,
    who: Caller,
    TerminalPath(id): TerminalPath,
) -> Answer<Json<LockStatus>> {
    Ok(Json(lock::status(&services, &who, id).await?))
}

/// Locks. Every open socket of the terminal has ended when this is answered.
#[utoipa::path(post, path = "/api/security/terminal/{id}/mfa-lock", tag = "lock", params(("id" = TerminalId, Path)), responses(
    (status = 200, body = LockStatus),
    (status = 400, description = "The account has no MFA", body = protocol::Problem),
    (status = 401, body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem)))]
async fn lock_it(
    State(services): State<Services>,
    who: Caller,
    TerminalPath(id): TerminalPath,
) -> Answer<Json<LockStatus>> {
    Ok(Json(lock::lock(&services, &who, id).await?))
}

/// Removes the lock.
#[utoipa::path(post, path = "/api/security/terminal/{id}/mfa-unlock", tag = "lock", params(("id" = TerminalId, Path)), request_body = CodeRequest, responses(
    (status = 200, description = "This login has a new cookie", body = LockStatus),
    (status = 401, description = "Wrong code", body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem),
    (status = 409, description = "Not locked", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn unlock(
    State(services): State<Services>,
    who: Caller,
    TerminalPath(id): TerminalPath,
    Json(request): Json<CodeRequest>,
) -> Answer<Response> {
    let (status, token) = lock::unlock(&services, &who, id, &request.code).await?;
    Ok((login::signed_in(&token), Json(status)).into_response())
}

/// Lets this login use the locked terminal for a while.
#[utoipa::path(post, path = "/api/security/terminal/{id}/mfa-verify", tag = "lock", params(("id" = TerminalId, Path)), request_body = CodeRequest, responses(
    (status = 200, description = "This login has a new cookie", body = VerifyAnswer),
    (status = 401, description = "Wrong code", body = protocol::Problem),
    (status = 404, description = "Not there, or not yours", body = protocol::Problem),
    (status = 409, description = "Not locked", body = protocol::Problem),
    (status = 429, description = "Too many wrong codes", body = protocol::Problem)))]
async fn verify(
    State(services): State<Services>,
    who: Caller,
    TerminalPath(id): TerminalPath,
    Json(request): Json<CodeRequest>,
) -> Answer<Response> {
    let (answer, token) = lock::verify(&services, &who, id, &request.code).await?;
    Ok((login::signed_in(&token), Json(answer)).into_response())
}
