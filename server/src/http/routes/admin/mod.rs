//! Administration routes. Every handler takes an [`Admin`](crate::http::authn::Admin).

mod audit;
mod settings;
mod terminals;
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::services::Services;

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<Services> {
    users::routes().merge(settings::routes()).merge(terminals::routes()).merge(audit::routes())
}
