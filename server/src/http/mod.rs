//! The outermost router: REST, the site's files, the pages, and the layers around all of them.

pub mod api;
pub mod authn;
mod bounds;
pub mod connections;
pub mod error;
pub mod extract;
pub mod headers;
pub mod openapi;
pub mod origin;
mod pages;
mod peers;
pub mod request_id;
pub mod route_table;
pub mod routes;
pub mod static_files;
pub mod tcp;
pub mod validation;
pub mod ws;

pub use bounds::Bounds;
pub use route_table::{ROUTES, Requirement, Route};

use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;

use static_files::Site;

use crate::services::Services;

/// The router of the server. `site` has the files of the pages.
pub fn router(services: &Services, site: Site) -> Router {
    let rest = api::router(services).with_state(services.clone());
    let pages = pages::router(rest.clone(), site);
    rest.merge(pages)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(headers::layer))
        .layer(middleware::from_fn(request_id::layer))
}

/// The response after a panic. The panic hook logs it with the request id; the client gets only the id.
fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    error::ApiError::from(crate::problem::RequestError::Panicked).into_response()
}
