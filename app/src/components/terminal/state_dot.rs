//! The phase of a terminal as a coloured dot.

use leptos::prelude::*;
use protocol::terminals::Phase;

/// The dot. With `word` the name of the phase is visible, otherwise it is the tooltip.
#[component]
pub(crate) fn StateDot(
    /// The phase.
    #[prop(into)]
    phase: Signal<Phase>,
    /// Show the name of the phase.
    #[prop(optional)]
    word: bool,
) -> impl IntoView {
    view! {
        <span
            class=move || format!("state state-{}", phase.get().state().as_str())
            title=move || word_of(phase.get())
            data-testid="state"
            data-state=move || phase.get().state().as_str()
            data-phase=move || phase.get().as_str()
        >
            <span class="state-dot"></span>
            <span class:sr-only=!word>{move || word_of(phase.get())}</span>
        </span>
    }
    .into_any()
}

const fn word_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending => "Waiting to start",
        Phase::Starting => "Starting",
        Phase::Running => "Running",
        Phase::Paused => "Paused",
        Phase::Stopping => "Stopping",
        Phase::Stopped => "Stopped",
        Phase::Failed => "Failed",
        Phase::Deleting => "Deleting",
    }
}
