//! The audit events of the signed-in user.

use leptos::prelude::*;

use crate::{
    api,
    components::{AuditLog, Section},
};

/// The section.
#[component]
pub(super) fn Activity() -> impl IntoView {
    view! {
        <Section
            title="Activity"
            lead="What happened to your account and your terminals. If you do not recognise something, change your \
            password and end the other sessions."
            testid="account-audit"
        >
            <AuditLog read=api::account_audit show_actor=false />
        </Section>
    }
    .into_any()
}
