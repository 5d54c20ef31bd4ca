//! Administration: thin doors to `admin/`. Every handler takes an [`Admin`](super::login::Admin).

mod people;
mod settings;
mod terminals;
mod trail;

use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

use super::problem::Refusal;
use crate::{admin::AdminError, services::Services};
use protocol::limits;

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

/// Which page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Window {
    /// `next` of the page before.
    after: Option<String>,
    /// Items wanted, at most 200.
    limit: Option<u32>,
}

impl Window {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(limits::PAGE_ITEMS_DEFAULT).clamp(1, limits::PAGE_ITEMS_MAX)
    }
}
