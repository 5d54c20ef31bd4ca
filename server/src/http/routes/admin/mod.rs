//! Administration routes. Every handler takes an [`Admin`](crate::http::authn::Admin).

mod audit;
mod settings;
mod terminals;
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::{admin::AdminError, http::problem::Refusal, services::Services};

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<Services> {
    users::routes().merge(settings::routes()).merge(terminals::routes()).merge(audit::routes())
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Store(error) => error.into(),
            other => Self(other.problem()),
        }
    }
}
