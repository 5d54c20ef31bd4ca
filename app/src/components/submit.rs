//! The button that sends a form: disabled until the program runs, busy while the answer is awaited.

use leptos::prelude::*;

use crate::state::Hydrated;

/// A submit button.
#[component]
pub(crate) fn Submit(
    /// What it says.
    #[prop(into)]
    label: Signal<String>,
    /// The answer is awaited.
    #[prop(into)]
    busy: Signal<bool>,
    /// Class of its kind: `btn-primary` or `btn-danger`.
    #[prop(default = "btn-primary")]
    kind: &'static str,
    /// It cannot be used now.
    #[prop(into, optional)]
    disabled: Signal<bool>,
    /// For tests.
    #[prop(default = "submit")]
    testid: &'static str,
) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="submit"
            class=format!("btn {kind}")
            disabled=move || pending() || disabled.get()
            // Not `disabled`: that would take the keyboard away from it. The form does not send twice.
            aria-disabled=move || busy.get().then_some("true")
            aria-busy=move || busy.get().then_some("true")
            data-testid=testid
        >
            <span class="btn-label">{move || label.get()}</span>
        </button>
    }
    .into_any()
}
