//! Liveness and readiness, for load balancers and supervisors.

use std::{path::Path, sync::Arc};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use protocol::ProblemKind;
use sandbox::EngineError;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::error::{ApiError, ApiResult},
    services::Services,
};

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
        let why = format!(
            "The disk of the data directory is full ({} kB left): nothing can be changed. Make room.",
            left / 1024
        );
        return Err(ApiError::new(ProblemKind::Unavailable, why));
    }
    services.runtime.ping().await.map_err(|error| ApiError::new(ProblemKind::Unavailable, engine_away(error)))?;
    Ok("ready")
}

fn engine_away(error: EngineError) -> String {
    let why = match error {
        EngineError::Unavailable(why) => why,
        other => other.to_string(),
    };
    format!("The container engine does not answer: {why}. Start it.")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_engine_is_named_once() {
        let text = engine_away(EngineError::Unavailable("no answer in time".into()));
        assert_eq!(text, "The container engine does not answer: no answer in time. Start it.");
    }
}
