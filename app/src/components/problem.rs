//! Refusals as people see them: what happened, why, what next.

use leptos::{html, prelude::*};
use leptos_meta::Title;
use protocol::{Problem, ProblemKind};

use super::{Countdown, Glyph, Icon, unique};
use crate::{browser, state::Clock};

/// A refusal beside the form or list it belongs to. Takes no room while there is none.
#[component]
pub(crate) fn ProblemNote(
    /// The refusal, when there is one.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
    /// What the field that it is about refers to it by.
    #[prop(default = unique("refusal"))]
    id: String,
) -> impl IntoView {
    let note = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if problem.with(Option::is_some) {
            browser::bring_into_sight(note);
        }
    });
    view! {
        <div aria-live="assertive" class="note-live" node_ref=note>
            {move || problem.get().map(|problem| view! {
                <div class="note note-danger" id=id.clone() data-testid="problem" data-kind=problem.kind.slug()>
                    <Icon glyph=Glyph::Warning/>
                    <div>
                        <p class="note-title">{problem.title}</p>
                        <p>{problem.detail} {problem.retry_after.map(|secs| view! { <RetryIn secs/> })}</p>
                    </div>
                </div>
            })}
        </div>
    }
    .into_any()
}

/// How long until the next try makes sense.
#[component]
fn RetryIn(secs: u64) -> impl IntoView {
    let until = Clock::read().plus_secs(i64::try_from(secs).unwrap_or(i64::MAX));
    view! {
        " "
        <span class="nowrap" data-testid="retry-in">
            "Next try in "
            <Countdown until=Some(until)/>
            "."
        </span>
    }
    .into_any()
}

/// A refusal instead of a page.
#[component]
pub(crate) fn ProblemPage(
    /// The refusal.
    problem: Problem,
    /// For tests.
    #[prop(default = "problem-page")]
    testid: &'static str,
) -> impl IntoView {
    // What may be different the next time.
    let passing = matches!(problem.kind, ProblemKind::Unavailable | ProblemKind::Internal | ProblemKind::Throttled);
    view! {
        <Title text=problem.title.clone()/>
        <section class="empty" data-testid=testid data-kind=problem.kind.slug()>
            <span class="empty-icon"><Icon glyph=Glyph::Warning/></span>
            <h1 class="empty-title">{problem.title}</h1>
            <p class="empty-text">{problem.detail}</p>
            <div class="empty-actions">
                {passing.then(|| view! { <a class="btn" href="">"Try again"</a> })}
                <a class="btn" class:btn-primary=!passing href="/">"To the terminals"</a>
            </div>
            {problem.request_id.map(|id| view! { <p class="muted small">"Request " <code>{id}</code></p> })}
        </section>
    }
    .into_any()
}

/// What stands in a list's place while it loads.
#[component]
pub(crate) fn Loading(
    /// How many rows.
    #[prop(default = 3)]
    rows: usize,
) -> impl IntoView {
    let rows = (0..rows).map(|_| view! { <div class="skeleton skeleton-row"></div> }).collect_view();
    view! { <div class="stack" aria-busy="true" aria-label="Loading">{rows}</div> }.into_any()
}
