//! The audit log with its filter. The filter is part of the address, so that reloading, history and shared links keep
//! it.

use leptos::{ev::SubmitEvent, html, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
};
use protocol::{
    Page,
    admin::{AuditView, Outcome},
    audit::AuditEvent,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::{AuditTable, EmptyState, Field, Glyph, Icon};
use crate::{
    api::{AuditQuery, Read},
    browser,
    state::Hydrated,
};

/// Id of the filter's form, for the reset button outside of it.
const FILTER: &str = "audit-filter";

/// Filter and table.
#[component]
pub(crate) fn AuditLog(
    /// Reads one page of matching events.
    read: fn(AuditQuery) -> Read<Page<AuditView>>,
    /// Show the actor and filter by it.
    show_actor: bool,
    /// Shown next to the filter.
    #[prop(into, optional)]
    extra: ViewFn,
) -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|query| AuditQuery {
            event: query.get("event").unwrap_or_default(),
            actor: query.get("actor").filter(|_| show_actor).unwrap_or_default(),
            outcome: parse_outcome(&query.get("outcome").unwrap_or_default()),
            after: None,
        })
    });
    // Submitting the same filter again reloads.
    let reload = Trigger::new();
    let page = Callback::new(move |after| read(AuditQuery { after, ..filter.get_untracked() }));
    view! {
        <Filter filter reload show_actor extra />
        // A new table for each change of the filter.
        {move || {
            filter.track();
            reload.track();
            view! { <AuditTable read=page show_actor empty=NoMatch /> }
        }}
    }
    .into_any()
}

fn parse_outcome(word: &str) -> Option<Outcome> {
    match word {
        "success" => Some(Outcome::Success),
        "failure" => Some(Outcome::Failure),
        _ => None,
    }
}

#[component]
fn NoMatch() -> impl IntoView {
    view! {
        <EmptyState glyph=Glyph::Scroll title="No event matches" text="Choose another event or outcome.">
            <button r#type="reset" form=FILTER class="btn" data-testid="audit-clear">
                "Clear the filter"
            </button>
        </EmptyState>
    }
    .into_any()
}

#[component]
fn Filter(filter: Memo<AuditQuery>, reload: Trigger, show_actor: bool, extra: ViewFn) -> impl IntoView {
    let pending = Hydrated::pending();
    let (navigate, path) = (use_navigate(), use_location().pathname);
    let search = move |query: AuditQuery| {
        if query == filter.get_untracked() {
            return reload.notify();
        }
        navigate(&format!("{}{query}", path.get_untracked()), NavigateOptions::default());
    };
    let clear = search.clone();
    let form = NodeRef::<html::Form>::new();
    show_filter(form, filter);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let value = |name| browser::form_value(&form, name).trim().to_owned();
        let outcome = parse_outcome(&value("outcome"));
        search(AuditQuery { event: value("event"), actor: value("actor"), outcome, after: None });
    };
    view! {
        <form
            node_ref=form
            class="tools"
            method="post"
            id=FILTER
            on:submit=submit
            on:reset=move |_| clear(AuditQuery::default())
            data-testid="audit-filter"
        >
            <EventSelect />
            {show_actor.then(|| view! { <Field name="actor" label="Who" filter=true /> })}
            <OutcomeSelect />
            <button r#type="submit" class="btn" disabled=pending data-testid="audit-search">
                <Icon glyph=Glyph::Search />
                "Search"
            </button>
            {extra.run()}
        </form>
    }
    .into_any()
}

/// Sets the fields to the current filter. Values that were typed before hydration are kept.
fn show_filter(form: NodeRef<html::Form>, filter: Memo<AuditQuery>) {
    Effect::new(move |before: Option<()>| {
        let (Some(form), query) = (form.get(), filter.get()) else { return };
        let outcome = query.outcome.map_or("", crate::api::outcome_word);
        for (name, value) in [("event", query.event.as_str()), ("actor", &query.actor), ("outcome", outcome)] {
            if before.is_some() || browser::form_value(&form, name).is_empty() {
                browser::set_form_value(&form, name, value);
            }
        }
    });
}

#[component]
fn EventSelect() -> impl IntoView {
    view! {
        <div class="field">
            <label class="field-label" for="event">
                "Event"
            </label>
            <select class="input" id="event" name="event" data-testid="field-event">
                <option value="">"Any"</option>
                {AuditEvent::GROUPS
                    .iter()
                    .map(|(group, events)| {
                        view! {
                            <optgroup label=*group>
                                {events
                                    .iter()
                                    .map(|event| view! { <option value=event.as_str()>{event.title()}</option> })
                                    .collect_view()}
                            </optgroup>
                        }
                    })
                    .collect_view()}
            </select>
        </div>
    }
    .into_any()
}

#[component]
fn OutcomeSelect() -> impl IntoView {
    view! {
        <div class="field">
            <label class="field-label" for="outcome">
                "Outcome"
            </label>
            <select class="input" id="outcome" name="outcome" data-testid="field-outcome">
                <option value="">"Any"</option>
                <option value="success">"Done"</option>
                <option value="failure">"Refused or failed"</option>
            </select>
        </div>
    }
    .into_any()
}
