//! The audit log of all users: search, verification, export.

use leptos::{prelude::*, task::spawn_local};
use protocol::{Problem, admin::AuditVerdict};

use crate::{
    api,
    components::{AuditLog, Glyph, Icon, ProblemNote, Section},
    state::Hydrated,
};

/// The section.
#[component]
pub(super) fn Audit() -> impl IntoView {
    let verdict = RwSignal::new(None::<Result<AuditVerdict, Problem>>);
    let tools = move || view! { <Tools verdict /> };
    view! {
        <Section
            title="Audit"
            lead="Every change that matters, written in the same transaction as the change and chained by hashes: \
            none can be altered or left out unseen."
            testid="admin-audit"
            tools
        >
            <AuditLog read=api::admin_audit show_actor=true extra=move || view! { <Verdict verdict /> } />
        </Section>
    }
    .into_any()
}

#[component]
fn Tools(verdict: RwSignal<Option<Result<AuditVerdict, Problem>>>) -> impl IntoView {
    let pending = Hydrated::pending();
    let busy = RwSignal::new(false);
    let verify = move |_| {
        busy.set(true);
        spawn_local(async move {
            let result = api::verify_audit().await;
            let _ = verdict.try_set(Some(result));
            let _ = busy.try_set(false);
        });
    };
    view! {
        <button
            r#type="button"
            class="btn"
            disabled=move || pending() || busy.get()
            aria-busy=move || busy.get().then_some("true")
            on:click=verify
            data-testid="audit-verify"
        >
            <Icon glyph=Glyph::Shield />
            "Verify the chain"
        </button>
        <a
            class="btn"
            href="/api/admin/audit/export"
            download="rexec-audit.jsonl"
            rel="external"
            data-testid="audit-export"
        >
            <Icon glyph=Glyph::Download />
            "Export"
        </a>
    }
    .into_any()
}

#[component]
fn Verdict(verdict: RwSignal<Option<Result<AuditVerdict, Problem>>>) -> impl IntoView {
    move || match verdict.get() {
        None => ().into_any(),
        Some(Err(problem)) => view! { <ProblemNote problem=Some(problem) /> }.into_any(),
        Some(Ok(AuditVerdict { intact: true, events, .. })) => view! {
            <p class="note note-good note-plain" role="status" data-testid="audit-intact">
                <Icon glyph=Glyph::Check />
                "The chain holds: "
                {events}
                " events, none altered, none missing."
            </p>
        }
        .into_any(),
        Some(Ok(verdict)) => view! {
            <p class="note note-danger" role="alert" data-testid="audit-broken">
                <Icon glyph=Glyph::Warning />
                "The chain does not hold from event "
                {verdict.first_bad_seq}
                " on. Somebody or something changed the trail: keep a copy of the database and compare it with an \
                 earlier export."
            </p>
        }
        .into_any(),
    }
}
