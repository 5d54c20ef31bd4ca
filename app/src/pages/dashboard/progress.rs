//! How far a launch has come: one line on a card, or every step in the dialog.

use leptos::prelude::*;
use protocol::{TerminalId, events::Stage};

use crate::{
    components::{Glyph, Icon},
    state::Terminals,
};

/// The step under way, in one line.
#[component]
pub(crate) fn StageLine(
    /// Which terminal.
    id: TerminalId,
) -> impl IntoView {
    let terminals = Terminals::get();
    let text = move || under_way(terminals.stage(id)).map_or("Almost there", Stage::title);
    view! { <p class="stage-line small"><span class="spinner"></span>{text} "…"</p> }.into_any()
}

/// Every step, done ones ticked.
#[component]
pub(crate) fn StageList(
    /// The launch, once it is known.
    #[prop(into)]
    id: Signal<Option<TerminalId>>,
) -> impl IntoView {
    let terminals = Terminals::get();
    let done = Memo::new(move |_| id.get().and_then(|id| terminals.stage(id)));
    let rows = Stage::ALL.into_iter().map(move |stage| {
        // What it looks like, and the same for those who hear it.
        let stands = move || match done.get() {
            Some(done) if stage <= done => ("stage stage-done", ": done"),
            done if under_way(done) == Some(stage) => ("stage stage-now", ": under way"),
            _ => ("stage", ""),
        };
        let (class, word) = (move || stands().0, move || stands().1);
        view! {
            <li class=class data-stage=stage.title()>
                <span class="stage-mark"><Icon glyph=Glyph::Check/></span>
                <span>{stage.title()}<span class="sr-only">{word}</span></span>
            </li>
        }
    });
    view! { <ol class="stages" aria-live="polite" data-testid="stages">{rows.collect_view()}</ol> }.into_any()
}

/// The step after the last one done.
fn under_way(done: Option<Stage>) -> Option<Stage> {
    match done {
        None => Some(Stage::Recorded),
        Some(done) => Stage::ALL.into_iter().find(|stage| *stage > done),
    }
}
