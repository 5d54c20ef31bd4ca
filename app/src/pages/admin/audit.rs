//! The audit trail of everybody: search, prove, export.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{
    Problem,
    admin::{AuditVerdict, Outcome},
    audit::Event,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use crate::{
    api::{self, AuditQuery},
    browser,
    components::{AuditTable, Empty, Field, Glyph, Icon, ProblemNote, Section},
    state::Hydrated,
};

/// Id of the filter's form, which a button outside of it empties.
const FILTER: &str = "audit-filter";

/// The section.
#[component]
pub(super) fn Audit() -> impl IntoView {
    let filter = RwSignal::new(AuditQuery::default());
    let verdict = RwSignal::new(None::<Result<AuditVerdict, Problem>>);
    let tools = move || view! { <Tools verdict/> };
    let read = Callback::new(move |after| api::text::admin_audit(AuditQuery { after, ..filter.get_untracked() }));
    view! {
        <Section title="Audit" lead="Every change that matters, written in the same transaction as the change and chained by hashes: none can be altered or left out unseen." testid="admin-audit" tools>
            <Filter filter verdict/>
            // Read from the start again whenever the filter changes.
            {move || {
                filter.track();
                view! { <AuditTable read who=true none=NoMatch/> }
            }}
        </Section>
    }
    .into_any()
}

#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <Empty glyph=Glyph::Scroll title="No event matches" text="Choose another event, person or outcome.">
            <button r#type="reset" form=FILTER class="btn" data-testid="audit-clear">"Clear the filter"</button>
        </Empty>
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
            let answer = api::verify_audit().await;
            let _ = verdict.try_set(Some(answer));
            let _ = busy.try_set(false);
        });
    };
    view! {
        <button r#type="button" class="btn" disabled=move || pending() || busy.get() aria-busy=move || busy.get().then_some("true") on:click=verify data-testid="audit-verify"><Icon glyph=Glyph::Shield/>"Verify the chain"</button>
        <a class="btn" href="/api/admin/audit/export" download="rexec-audit.jsonl" rel="external" data-testid="audit-export"><Icon glyph=Glyph::Download/>"Export"</a>
    }
    .into_any()
}

#[component]
fn Verdict(verdict: RwSignal<Option<Result<AuditVerdict, Problem>>>) -> impl IntoView {
    move || {
        match verdict.get() {
        None => ().into_any(),
        Some(Err(problem)) => view! { <ProblemNote problem=Some(problem)/> }.into_any(),
        Some(Ok(AuditVerdict { intact: true, events, .. })) => view! {
            <p class="note note-good note-plain" role="status" data-testid="audit-intact"><Icon glyph=Glyph::Check/>"The chain holds: " {events} " events, none altered, none missing."</p>
        }
        .into_any(),
        Some(Ok(verdict)) => view! {
            <p class="note note-danger" role="alert" data-testid="audit-broken"><Icon glyph=Glyph::Warning/>"The chain does not hold from event " {verdict.first_bad_seq} " on. Somebody or something changed the trail: keep a copy of the database and compare it with an earlier export."</p>
        }
        .into_any(),
    }
    }
}

#[component]
fn Filter(filter: RwSignal<AuditQuery>, verdict: RwSignal<Option<Result<AuditVerdict, Problem>>>) -> impl IntoView {
    let pending = Hydrated::pending();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let value = |name| browser::form_value(&form, name).trim().to_owned();
        filter.set(AuditQuery {
            event: value("event"),
            actor: value("actor"),
            outcome: match value("outcome").as_str() {
                "success" => Some(Outcome::Success),
                "failure" => Some(Outcome::Failure),
                _ => None,
            },
            after: None,
        });
    };
    view! {
        <form class="tools" method="post" id=FILTER on:submit=submit on:reset=move |_| filter.set(AuditQuery::default()) data-testid="audit-filter">
            <div class="field">
                <label class="field-label" for="event">"Event"</label>
                <select class="input" id="event" name="event" data-testid="field-event">
                    <option value="">"Any"</option>
                    {Event::GROUPS.iter().map(|(group, events)| view! {
                        <optgroup label=*group>{events.iter().map(|event| view! { <option value=event.as_str()>{event.title()}</option> }).collect_view()}</optgroup>
                    }).collect_view()}
                </select>
            </div>
            <Field name="actor" label="Who" plain=true/>
            <div class="field">
                <label class="field-label" for="outcome">"Outcome"</label>
                <select class="input" id="outcome" name="outcome" data-testid="field-outcome">
                    <option value="">"Any"</option>
                    <option value="success">"Done"</option>
                    <option value="failure">"Refused or failed"</option>
                </select>
            </div>
            <button r#type="submit" class="btn" disabled=pending data-testid="audit-search"><Icon glyph=Glyph::Search/>"Search"</button>
            <Verdict verdict/>
        </form>
    }
    .into_any()
}
