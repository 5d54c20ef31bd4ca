//! The query of the audit log, shared by administrators (all events) and users (their own).

use std::num::NonZeroU32;

use protocol::{
    Page, Timestamp, UserId,
    admin::{AuditView, Outcome},
    limits,
};
use serde::Deserialize;

use crate::{
    audit::{self, Search},
    http::{
        error::ApiResult,
        extract::{self, bounded},
    },
    services::Services,
};

/// Search criteria; an absent or empty one matches everything.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Event name, e.g. `terminal_mfa_locked`.
    event: Option<String>,
    /// Name of who did it.
    actor: Option<String>,
    /// `success` or `failure`.
    outcome: Option<Outcome>,
    /// Id of the terminal or account it was about.
    target: Option<String>,
    /// Not before.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// Before.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// `next` of the page before.
    after: Option<String>,
    /// Number of items, at most 200.
    #[param(value_type = Option<u32>, minimum = 1)]
    limit: Option<NonZeroU32>,
}

impl AuditParams {
    /// Matching events, newest first; of one account, if given. `who` searches.
    pub(super) async fn page(
        self,
        services: &Services,
        who: UserId,
        concerning: Option<UserId>,
    ) -> ApiResult<Page<AuditView>> {
        let given = |text: Option<String>| text.filter(|t| !t.is_empty());
        let before = extract::parse_position(self.after.as_deref())?;
        let what = Search {
            event: given(self.event),
            outcome: self.outcome,
            actor: given(self.actor),
            target: given(self.target),
            from: self.from,
            until: self.until,
            concerning,
        };
        let limit = bounded(self.limit, limits::PAGE_ITEMS_DEFAULT);
        let _slot = services.searches.acquire(who).await?;
        Ok(audit::search(&services.db, &what, before, limit).await?)
    }
}
