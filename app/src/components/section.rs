//! A section of the account or administration pages.

use leptos::prelude::*;
use leptos_meta::Title;

/// Heading, lead sentence, tools and content.
#[component]
pub(crate) fn Section(
    /// Heading.
    title: &'static str,
    /// Lead sentence.
    lead: &'static str,
    /// `data-testid`.
    testid: &'static str,
    /// Buttons beside the heading.
    #[prop(into, optional)]
    tools: ViewFn,
    /// Content.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title />
        <section class="section" data-testid=testid>
            <header class="section-head">
                <div>
                    <h1>{title}</h1>
                    <p>{lead}</p>
                </div>
                <div class="page-tools">{tools.run()}</div>
            </header>
            {children()}
        </section>
    }
    .into_any()
}
