//! A labelled check box of a form.

use leptos::prelude::*;

/// The box. Its value is read from the form when it is sent (`on` when ticked).
#[component]
pub(crate) fn Check(
    /// Name in the form.
    name: &'static str,
    /// Label.
    label: &'static str,
    /// First value.
    checked: bool,
) -> impl IntoView {
    view! {
        <label class="check">
            <input r#type="checkbox" name=name checked=checked data-testid=format!("field-{name}")/>
            <span>{label}</span>
        </label>
    }
    .into_any()
}
