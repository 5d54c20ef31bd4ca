//! The REST API, for programs and for the pages' own requests.

use std::sync::Arc;

use axum::{Router, response::IntoResponse as _};
use utoipa::{Modify as _, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use super::{
    error::ApiError,
    openapi::RouteTable,
    origin,
    routes::{account, admin, attach, auth, health, lock, terminals},
    validation,
};
use crate::{problem::RequestError, services::Services};

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
    complete_document(documented().into_openapi())
}

fn complete_document(mut generated: utoipa::openapi::OpenApi) -> serde_json::Value {
    RouteTable.modify(&mut generated);
    serde_json::to_value(generated).unwrap_or_default()
}

/// All REST routes with their common layers: origin and request validation. The request id layer is in
/// [`http::router`](super::router).
pub fn router(services: &Services) -> Router<Services> {
    let (router, generated) = documented().split_for_parts();
    let document = complete_document(generated);
    let documented = Arc::new(validation::DocumentedInputs::from_document(&document));
    let document = Arc::new(document.to_string().into_bytes());
    router
        .route("/api/openapi.json", axum::routing::get(move || health::document(document.clone())))
        .route("/api", axum::routing::any(unknown_route))
        .route("/api/", axum::routing::any(unknown_route))
        .route("/api/{*rest}", axum::routing::any(unknown_route))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(documented, validation::layer))
        .layer(axum::middleware::from_fn_with_state(services.clone(), origin::layer))
}

async fn unknown_route() -> ApiError {
    RequestError::UnknownRoute.into()
}

/// For routes and pages alike.
pub async fn method_not_allowed() -> axum::response::Response {
    ApiError::from(RequestError::MethodNotAllowed).into_response()
}
