//! For load balancers and supervisors: is the process there, can it work.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use protocol::ProblemKind;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::problem::{Answer, Refusal};
use crate::services::Services;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "The process answers", body = String)))]
async fn healthz() -> &'static str {
    "ok"
}

/// Database and engine answer.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "Database and engine answer", body = String), (status = 503, description = "One of them does not", body = protocol::Problem)))]
async fn readyz(State(services): State<Services>) -> Answer<&'static str> {
    services.db.ping().await?;
    let down = |e: crate::runtime::RuntimeError| {
        Refusal::new(ProblemKind::Unavailable, format!("The container engine does not answer: {e}. Start it."))
    };
    services.runtime.ping().await.map_err(down)?;
    Ok("ready")
}

/// The OpenAPI document.
pub async fn document(json: Arc<Vec<u8>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json.as_ref().clone()).into_response()
}
