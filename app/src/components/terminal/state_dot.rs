//! The state of a terminal as a coloured dot.

use leptos::prelude::*;
use protocol::terminals::TerminalState;

/// The dot. With `word` the name of the state is visible, otherwise it is the tooltip.
#[component]
pub(crate) fn StateDot(
    /// The state.
    #[prop(into)]
    state: Signal<TerminalState>,
    /// Show the name of the state.
    #[prop(optional)]
    word: bool,
) -> impl IntoView {
    view! {
        <span
            class=move || format!("state state-{}", state.get().as_str())
            title=move || word_of(state.get())
            data-testid="state"
            data-state=move || state.get().as_str()
        >
            <span class="state-dot"></span>
            <span class:sr-only=!word>{move || word_of(state.get())}</span>
        </span>
    }
    .into_any()
}

const fn word_of(state: TerminalState) -> &'static str {
    match state {
        TerminalState::Creating => "Starting",
        TerminalState::Running => "Running",
        TerminalState::Stopped => "Stopped",
        TerminalState::Failed => "Failed",
        TerminalState::Deleting => "Deleting",
    }
}
