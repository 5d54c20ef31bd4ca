//! Terminals of all users: stop and delete, without access to their content.

use axum::{extract::State, http::StatusCode};
use protocol::{
    Problem, TerminalId,
    terminals::{DeleteTerminal, Deletion},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{
        authn::Admin,
        error::ApiResult,
        extract::{Json, OptionalJson, TerminalPath},
    },
    services::Services,
    terminals,
};

pub(super) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(stop)).routes(routes!(delete))
}

/// Stops a user's terminal. Its lock stays as it is.
#[utoipa::path(
    post,
    path = "/api/admin/terminals/{id}/stop",
    tag = "admin",
    params(("id" = TerminalId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn stop(
    State(services): State<Services>,
    Admin(who): Admin,
    TerminalPath(id): TerminalPath,
) -> ApiResult<StatusCode> {
    terminals::stop_any(&services, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a user's terminal with its home. A locked one needs a code of the administrator's own.
#[utoipa::path(
    delete,
    path = "/api/admin/terminals/{id}",
    tag = "admin",
    params(("id" = TerminalId, Path)),
    request_body(content = Option<DeleteTerminal>),
    responses(
        (status = 202, body = Deletion),
        (status = 409, body = Problem),
        (status = 423, description = "Locked: a code is needed", body = Problem),
        (status = 429, body = Problem),
    ),
)]
async fn delete(
    State(services): State<Services>,
    Admin(who): Admin,
    TerminalPath(id): TerminalPath,
    OptionalJson(body): OptionalJson<DeleteTerminal>,
) -> ApiResult<(StatusCode, Json<Deletion>)> {
    let deletion = terminals::delete_any(&services, &who, id, body.code.as_ref()).await?;
    Ok((StatusCode::ACCEPTED, Json(deletion)))
}
