//! Liveness and readiness, for load balancers and supervisors.

use std::{path::Path, sync::Arc};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{http::error::ApiResult, problem::RequestError, services::Services};

/// With less free space in the data directory the server is not ready, because writes may fail.
const DISK_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "The process answers", body = String)),
)]
async fn healthz() -> &'static str {
    "ok"
}

/// Database and engine answer, and there is room to write.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Database and engine answer", body = String),
        (status = 503, description = "One of them does not", body = protocol::Problem),
    ),
)]
async fn readyz(State(services): State<Services>) -> ApiResult<&'static str> {
    services.db.ping().await?;
    if let Some(left) = free_space(&services.config.data_dir)
        && left < DISK_BYTES_MIN
    {
        return Err(RequestError::DiskFull(left).into());
    }
    services.engine.ping().await.map_err(RequestError::EngineAway)?;
    Ok("ready")
}

/// Free space of a folder in bytes; `None` when it is unknown.
fn free_space(folder: &Path) -> Option<u64> {
    let seen = rustix::fs::statvfs(folder).ok()?;
    Some(seen.f_bavail.saturating_mul(seen.f_frsize))
}

/// The OpenAPI document.
pub async fn document(json: Arc<Vec<u8>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json.as_ref().clone()).into_response()
}
