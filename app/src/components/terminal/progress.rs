//! Progress of a terminal's creation: the current step on one line, or the list of all steps.

use leptos::prelude::*;
use protocol::{TerminalId, events::Stage};

use crate::{
    components::{Glyph, Icon},
    state::Terminals,
};

/// The current step on one line.
#[component]
pub(crate) fn ProgressLine(
    /// Id of the terminal.
    id: TerminalId,
) -> impl IntoView {
    let terminals = Terminals::get();
    let text = move || current_step(terminals.progress(id)).map_or("Almost there", Stage::title);
    view! {
        <p class="stage-line small">
            <span class="spinner"></span>
            {text}
            "…"
        </p>
    }
    .into_any()
}

/// All steps, with the completed ones marked.
#[component]
pub(crate) fn ProgressList(
    /// Id of the terminal, as soon as it is known.
    #[prop(into)]
    id: Signal<Option<TerminalId>>,
) -> impl IntoView {
    let terminals = Terminals::get();
    let done = Memo::new(move |_| id.get().and_then(|id| terminals.progress(id)));
    let rows = Stage::ALL.into_iter().map(move |step| {
        // Class, and the same information for screen readers.
        let status = move || match done.get() {
            Some(done) if step <= done => ("stage stage-done", ": done"),
            done if current_step(done) == Some(step) => ("stage stage-now", ": under way"),
            _ => ("stage", ""),
        };
        let (class, text) = (move || status().0, move || status().1);
        view! {
            <li class=class data-stage=step.title()>
                <span class="stage-mark">
                    <Icon glyph=Glyph::Check />
                </span>
                <span>{step.title()}<span class="sr-only">{text}</span></span>
            </li>
        }
    });
    view! {
        <ol class="stages" aria-live="polite" data-testid="stages">
            {rows.collect_view()}
        </ol>
    }
    .into_any()
}

/// The step after the last completed one.
fn current_step(done: Option<Stage>) -> Option<Stage> {
    match done {
        None => Some(Stage::Recorded),
        Some(done) => Stage::ALL.into_iter().find(|step| *step > done),
    }
}
