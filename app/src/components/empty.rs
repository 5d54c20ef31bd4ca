//! An empty page that teaches the next step.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// A picture, a sentence, and what to do.
#[component]
pub(crate) fn Empty(
    /// The picture.
    glyph: Glyph,
    /// What there is none of.
    #[prop(into)]
    title: String,
    /// What one would be good for.
    #[prop(into)]
    text: String,
    /// For tests.
    #[prop(default = "empty")]
    testid: &'static str,
    /// The next step.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <section class="empty" data-testid=testid>
            <span class="empty-icon"><Icon glyph/></span>
            <h2 class="empty-title">{title}</h2>
            <p class="empty-text">{text}</p>
            {children.map(|children| view! { <div class="empty-actions">{children()}</div> })}
        </section>
    }
    .into_any()
}
