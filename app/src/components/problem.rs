//! Problems as error messages and error pages.

use leptos::{html, prelude::*};
use leptos_meta::Title;
use protocol::{Problem, ProblemKind};

use super::{Countdown, Glyph, Icon, unique_id};
use crate::{browser, state::Clock};

/// An error message next to its form or list.
#[component]
pub(crate) fn ProblemNote(
    /// The problem, if any.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
    /// Element id, for `aria-describedby`.
    #[prop(default = unique_id("refusal"))]
    id: String,
) -> impl IntoView {
    let note = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if problem.with(Option::is_some) {
            browser::scroll_into_view(note);
        }
    });
    view! {
        <div aria-live="assertive" class="note-live" node_ref=note>
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <div
                                class="note note-danger"
                                id=id.clone()
                                data-testid="problem"
                                data-kind=problem.kind.slug()
                            >
                                <Icon glyph=Glyph::Warning />
                                <div>
                                    <p class="note-title">{problem.title}</p>
                                    <p>{problem.detail} {problem.retry_after.map(|secs| view! { <RetryIn secs /> })}</p>
                                </div>
                            </div>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// Time until the next attempt is allowed.
#[component]
fn RetryIn(secs: u64) -> impl IntoView {
    let until = Clock::now().plus_secs(i64::try_from(secs).unwrap_or(i64::MAX));
    view! {
        " "
        <span class="nowrap" data-testid="retry-in">
            "Next try in "
            <Countdown until=Some(until) />
            "."
        </span>
    }
    .into_any()
}

/// A problem in place of a page.
#[component]
pub(crate) fn ProblemPage(
    /// The problem.
    problem: Problem,
    /// `data-testid`.
    #[prop(default = "problem-page")]
    testid: &'static str,
) -> impl IntoView {
    // Another attempt may succeed.
    let transient = matches!(problem.kind, ProblemKind::Unavailable | ProblemKind::Internal | ProblemKind::Throttled);
    view! {
        <Title text=problem.title.clone() />
        <section class="empty" data-testid=testid data-kind=problem.kind.slug()>
            <span class="empty-icon">
                <Icon glyph=Glyph::Warning />
            </span>
            <h1 class="empty-title">{problem.title}</h1>
            <p class="empty-text">{problem.detail}</p>
            <div class="empty-actions">
                {transient
                    .then(|| {
                        view! {
                            <a class="btn" href="">
                                "Try again"
                            </a>
                        }
                    })} <a class="btn" class:btn-primary=!transient href="/">
                    "To the terminals"
                </a>
            </div>
            {problem.request_id.map(|id| view! { <p class="muted small">"Request " <code>{id}</code></p> })}
        </section>
    }
    .into_any()
}

/// Placeholder of a list that is loading.
#[component]
pub(crate) fn Loading(
    /// Number of rows.
    #[prop(default = 3)]
    rows: usize,
) -> impl IntoView {
    let rows = (0..rows).map(|_| view! { <div class="skeleton skeleton-row"></div> }).collect_view();
    view! {
        <div class="stack" aria-busy="true" aria-label="Loading">
            {rows}
        </div>
    }
    .into_any()
}
