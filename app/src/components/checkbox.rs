//! A labelled checkbox of a form.

use leptos::prelude::*;

/// The checkbox. Its value is read on submission: `on` when checked.
#[component]
pub(crate) fn Checkbox(
    /// Name in the form.
    name: &'static str,
    /// Label.
    label: &'static str,
    /// Initial value.
    checked: bool,
) -> impl IntoView {
    view! {
        <label class="check">
            <input r#type="checkbox" name=name checked=checked data-testid=format!("field-{name}") />
            <span>{label}</span>
        </label>
    }
    .into_any()
}
