//! The submit button: disabled until hydration, busy while a request is pending.

use leptos::prelude::*;

use crate::state::Hydrated;

/// The button.
#[component]
pub(crate) fn Submit(
    /// Label.
    #[prop(into)]
    label: Signal<String>,
    /// A request is pending.
    #[prop(into)]
    busy: Signal<bool>,
    /// Class: `btn-primary` or `btn-danger`.
    #[prop(default = "btn-primary")]
    kind: &'static str,
    /// Whether it is disabled.
    #[prop(into, optional)]
    disabled: Signal<bool>,
    /// `data-testid`.
    #[prop(default = "submit")]
    testid: &'static str,
) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="submit"
            class=format!("btn {kind}")
            disabled=move || pending() || disabled.get()
            // Not `disabled`, which would drop the focus. The form ignores a second submission.
            aria-disabled=move || busy.get().then_some("true")
            aria-busy=move || busy.get().then_some("true")
            data-testid=testid
        >
            <span class="btn-label">{move || label.get()}</span>
        </button>
    }
    .into_any()
}
