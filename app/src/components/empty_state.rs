//! Shown in place of an empty list, with a next step.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// Icon, title, text and actions.
#[component]
pub(crate) fn EmptyState(
    /// Icon.
    glyph: Glyph,
    /// Title.
    #[prop(into)]
    title: String,
    /// Text.
    #[prop(into)]
    text: String,
    /// `data-testid`.
    #[prop(default = "empty")]
    testid: &'static str,
    /// Actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <section class="empty" data-testid=testid>
            <span class="empty-icon">
                <Icon glyph />
            </span>
            <h2 class="empty-title">{title}</h2>
            <p class="empty-text">{text}</p>
            {children.map(|children| view! { <div class="empty-actions">{children()}</div> })}
        </section>
    }
    .into_any()
}
