//! A small bar that shows usage against a limit. SVG attributes set its length, so it needs no inline style.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// Icon, bar and text.
#[component]
pub(crate) fn Meter(
    /// Name of the quantity.
    label: &'static str,
    /// Icon.
    glyph: Glyph,
    /// Usage and limit; `None` while unknown.
    #[prop(into)]
    value: Signal<Option<(u64, u64)>>,
    /// The value as text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let percent = Memo::new(move |_| {
        value.get().map_or(0, |(used, limit)| used.saturating_mul(100).checked_div(limit).unwrap_or(0).min(100))
    });
    let high = move || percent.get() >= 85;
    view! {
        <span class="meter" class:meter-high=high title=move || format!("{label}: {}", text.get())>
            <Icon glyph />
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
