//! Throttling of attempts with one-time links and set-up tokens.

use super::AccountError;
use crate::{
    audit::{self, AuditEvent, Entry},
    auth::{Visitor, throttle::LinkAttempt},
    services::Services,
};

/// Begins an attempt, before anything else is read or written. The first refusal of a wait is appended to the audit
/// log as a failed `event`.
///
/// # Errors
/// [`AccountError::Throttled`].
pub(super) async fn begin<'a>(
    services: &'a Services,
    visitor: &Visitor,
    event: AuditEvent,
) -> Result<LinkAttempt<'a>, AccountError> {
    let now = services.clock.now();
    match services.throttle.begin_link_attempt(visitor.address, now) {
        Ok(attempt) => Ok(attempt),
        Err(wait) => {
            if wait.first {
                let entry = Entry::new(event).failed().detail("reason", "throttled").detail("wait_secs", wait.secs);
                audit::record(&services.audit, now, &visitor.actor(), entry).await?;
            }
            Err(AccountError::Throttled(wait.secs))
        }
    }
}
