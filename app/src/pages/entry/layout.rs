//! The layout of the pages that need no login.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::Logo;

/// Logo, heading and one narrow column.
#[component]
pub(super) fn EntryLayout(
    /// Heading and title of the page.
    title: &'static str,
    /// Sentence below the heading.
    #[prop(into)]
    lead: Signal<String>,
    /// Content of the column.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title />
        <main class="entry" id="content">
            <section class="entry-box">
                <header class="entry-head">
                    <Logo />
                    <h1>{title}</h1>
                    <p class="muted">{move || lead.get()}</p>
                </header>
                {children()}
            </section>
            <p class="entry-foot">"Rexec · hardened terminals, each behind its own lock"</p>
        </main>
    }
    .into_any()
}
