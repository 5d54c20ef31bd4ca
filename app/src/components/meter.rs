//! A small bar of use against a limit. Drawn as SVG: its length is an attribute, so no inline style is needed.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// A bar with icon and figure.
#[component]
pub(crate) fn Meter(
    /// What is measured.
    label: &'static str,
    /// Its picture.
    glyph: Glyph,
    /// Use and limit; absent while unknown.
    #[prop(into)]
    value: Signal<Option<(u64, u64)>>,
    /// The figure as text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let percent = Memo::new(move |_| {
        value.get().map_or(0, |(used, limit)| used.saturating_mul(100).checked_div(limit).unwrap_or(0).min(100))
    });
    let high = move || percent.get() >= 85;
    view! {
        <span class="meter" class:meter-high=high title=move || format!("{label}: {}", text.get())>
            <Icon glyph/>
            <span class="sr-only">{label} " "</span>
            <svg class="meter-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="meter-track" width="100" height="4"></rect>
                <rect class="meter-fill" width=move || percent.get().to_string() height="4"></rect>
            </svg>
            <span class="meter-text num">{move || text.get()}</span>
        </span>
    }
    .into_any()
}
