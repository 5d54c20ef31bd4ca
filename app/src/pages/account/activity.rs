//! The person's own part of the audit trail.

use leptos::prelude::*;

use crate::{
    api,
    components::{AuditTrail, Section},
};

/// The section.
#[component]
pub(super) fn Activity() -> impl IntoView {
    view! {
        <Section title="Activity" lead="What happened to your account and your terminals. If you do not recognise something, change your password and end the other sessions." testid="account-audit">
            <AuditTrail read=api::text::account_audit who=false/>
        </Section>
    }
    .into_any()
}
