//! The REST API, for programs and for the pages' own requests.

use std::sync::Arc;

use axum::{Router, response::IntoResponse as _};
use protocol::ProblemKind;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::{
    error::ApiError,
    openapi, origin,
    routes::{account, admin, attach, auth, health, lock, terminals},
    validation,
};
use crate::services::Services;

#[derive(OpenApi)]
#[openapi(info(title = "Rexec", description = "Hardened container terminals, each with its own MFA lock."))]
struct Document;

/// The documented routes.
fn documented() -> OpenApiRouter<Services> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(health::routes())
        .merge(auth::routes())
        .merge(account::routes())
        .merge(lock::routes())
        .merge(terminals::routes())
        .merge(attach::routes())
        .merge(admin::routes())
}

/// The OpenAPI 3.1 document.
pub fn document() -> serde_json::Value {
    openapi::complete(&documented().into_openapi())
}

/// All REST routes with their common layers: origin and request validation. The request id layer is in
/// [`http::router`](super::router).
pub fn router(services: &Services) -> Router<Services> {
    let (router, generated) = documented().split_for_parts();
    let document = openapi::complete(&generated);
    let documented = Arc::new(validation::Documented::read(&document));
    let document = Arc::new(document.to_string().into_bytes());
    router
        .route("/api/openapi.json", axum::routing::get(move || health::document(document.clone())))
        .route("/api", axum::routing::any(nothing_here))
        .route("/api/", axum::routing::any(nothing_here))
        .route("/api/{*rest}", axum::routing::any(nothing_here))
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::from_fn_with_state(documented, validation::layer))
        .layer(axum::middleware::from_fn_with_state(services.clone(), origin::layer))
}

async fn nothing_here() -> ApiError {
    ApiError::new(ProblemKind::NotFound, "There is no such route. The routes are listed in /api/openapi.json.")
}

/// For routes and pages alike.
pub async fn wrong_method() -> axum::response::Response {
    ApiError::new(ProblemKind::MethodNotAllowed, "The methods of each route are listed in /api/openapi.json.")
        .into_response()
}
