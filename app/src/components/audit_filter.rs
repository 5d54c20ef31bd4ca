//! The audit trail with its filter. What is looked for stands in the address, so that reloading, going back and a link that
//! is passed on keep it.

use leptos::{ev::SubmitEvent, html, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
};
use protocol::{admin::Outcome, audit::AuditEvent};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::{AuditTable, Empty, Field, Glyph, Icon};
use crate::{
    api::{AuditQuery, TextAnswer},
    browser,
    state::Hydrated,
};

/// Id of the filter's form, which a button outside of it empties.
const FILTER: &str = "audit-filter";

/// Filter and table.
#[component]
pub(crate) fn AuditTrail(
    /// Reads a page of what matches.
    read: fn(AuditQuery) -> TextAnswer,
    /// Whoever did it is shown and can be looked for.
    who: bool,
    /// Beside the filter.
    #[prop(into, optional)]
    beside: ViewFn,
) -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|query| AuditQuery {
            event: query.get("event").unwrap_or_default(),
            actor: query.get("actor").filter(|_| who).unwrap_or_default(),
            outcome: outcome_of(&query.get("outcome").unwrap_or_default()),
            after: None,
        })
    });
    // The same search again reads what happened since.
    let again = Trigger::new();
    let page = Callback::new(move |after| read(AuditQuery { after, ..filter.get_untracked() }));
    view! {
        <Filter filter again who beside/>
        // Read from the start again whenever the filter changes.
        {move || {
            filter.track();
            again.track();
            view! { <AuditTable read=page who none=NoMatch/> }
        }}
    }
    .into_any()
}

fn outcome_of(word: &str) -> Option<Outcome> {
    match word {
        "success" => Some(Outcome::Success),
        "failure" => Some(Outcome::Failure),
        _ => None,
    }
}

#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <Empty glyph=Glyph::Scroll title="No event matches" text="Choose another event or outcome.">
            <button r#type="reset" form=FILTER class="btn" data-testid="audit-clear">"Clear the filter"</button>
        </Empty>
    }
    .into_any()
}

#[component]
fn Filter(filter: Memo<AuditQuery>, again: Trigger, who: bool, beside: ViewFn) -> impl IntoView {
    let pending = Hydrated::pending();
    let (navigate, path) = (use_navigate(), use_location().pathname);
    let look_for = move |wanted: AuditQuery| {
        if wanted == filter.get_untracked() {
            return again.notify();
        }
        navigate(&format!("{}{wanted}", path.get_untracked()), NavigateOptions::default());
    };
    let clear = look_for.clone();
    let form = NodeRef::<html::Form>::new();
    // The fields say what is shown, however one came here. What was filled in before the program ran stays.
    Effect::new(move |before: Option<()>| {
        let (Some(form), wanted) = (form.get(), filter.get()) else { return };
        let outcome = wanted.outcome.map_or("", crate::api::word_of);
        for (name, value) in [("event", wanted.event.as_str()), ("actor", &wanted.actor), ("outcome", outcome)] {
            if before.is_some() || browser::form_value(&form, name).is_empty() {
                browser::set_form_value(&form, name, value);
            }
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let value = |name| browser::form_value(&form, name).trim().to_owned();
        let outcome = outcome_of(&value("outcome"));
        look_for(AuditQuery { event: value("event"), actor: value("actor"), outcome, after: None });
    };
    view! {
        <form node_ref=form class="tools" method="post" id=FILTER on:submit=submit on:reset=move |_| clear(AuditQuery::default()) data-testid="audit-filter">
            <div class="field">
                <label class="field-label" for="event">"Event"</label>
                <select class="input" id="event" name="event" data-testid="field-event">
                    <option value="">"Any"</option>
                    {AuditEvent::GROUPS.iter().map(|(group, events)| view! {
                        <optgroup label=*group>{events.iter().map(|event| view! { <option value=event.as_str()>{event.title()}</option> }).collect_view()}</optgroup>
                    }).collect_view()}
                </select>
            </div>
            {who.then(|| view! { <Field name="actor" label="Who" plain=true/> })}
            <div class="field">
                <label class="field-label" for="outcome">"Outcome"</label>
                <select class="input" id="outcome" name="outcome" data-testid="field-outcome">
                    <option value="">"Any"</option>
                    <option value="success">"Done"</option>
                    <option value="failure">"Refused or failed"</option>
                </select>
            </div>
            <button r#type="submit" class="btn" disabled=pending data-testid="audit-search"><Icon glyph=Glyph::Search/>"Search"</button>
            {beside.run()}
        </form>
    }
    .into_any()
}
