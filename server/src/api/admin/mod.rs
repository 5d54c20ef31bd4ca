//! Administration: thin doors to `admin/`. Every handler takes an [`Admin`](super::login::Admin).

mod people;
mod settings;
mod terminals;
mod trail;

use utoipa_axum::router::OpenApiRouter;

use super::problem::Refusal;
use crate::{admin::AdminError, services::Services};

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<Services> {
    people::routes().merge(settings::routes()).merge(terminals::routes()).merge(trail::routes())
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Store(error) => error.into(),
            other => Self(other.problem()),
        }
    }
}
