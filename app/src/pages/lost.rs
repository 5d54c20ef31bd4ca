//! The page for addresses that lead nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{backend::OnNotFound, components::Logo};

/// 404; the server answers with that status, because this page tells it.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    if let Some(OnNotFound(tell)) = use_context() {
        tell();
    }
    view! {
        <Title text="Not found"/>
        <main class="entry" id="content">
            <section class="entry-box entry-lost" data-testid="not-found">
                <Logo/>
                <h1>"There is nothing here"</h1>
                <p class="muted">"The address may be mistyped, or what it led to was deleted. Terminals that are not yours look the same on purpose."</p>
                <a class="btn btn-primary" href="/">"To the terminals"</a>
            </section>
        </main>
    }
    .into_any()
}
