//! Search in the terminal's buffer.

use leptos::{ev::KeyboardEvent, html::Input, prelude::*};

use super::context::TerminalContext;
use crate::components::{Glyph, Icon, Show};

/// The search bar; open while `searching` is true.
#[component]
pub(super) fn SearchBar() -> impl IntoView {
    let ctx = TerminalContext::get();
    view! {
        <Show when=move || ctx.searching.get()>
            <Bar />
        </Show>
    }
    .into_any()
}

#[component]
fn Bar() -> impl IntoView {
    let ctx = TerminalContext::get();
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let empty = RwSignal::new(true);
    let find = move |backwards| {
        let text = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        empty.set(text.is_empty());
        ctx.with(|terminal| terminal.find(&text, backwards));
    };
    let keys = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" => find(event.shift_key()),
        "Escape" => close(ctx),
        _ => {}
    };
    let count = move || if empty.get() { String::new() } else { format_result(ctx.found.get()) };
    view! {
        <div class="searchbar" role="search" data-testid="terminal-search">
            <Icon glyph=Glyph::Search />
            <input
                node_ref=input
                class="input"
                r#type="text"
                placeholder="Search this terminal"
                aria-label="Search this terminal"
                spellcheck="false"
                on:input=move |_| find(true)
                on:keydown=keys
                data-testid="terminal-search-input"
            />
            <span class="muted small num" aria-live="polite">
                {count}
            </span>
            <button r#type="button" class="btn btn-small" on:click=move |_| find(true)>
                "Previous"
            </button>
            <button r#type="button" class="btn btn-small" on:click=move |_| find(false)>
                "Next"
            </button>
            <button
                r#type="button"
                class="btn btn-icon btn-ghost btn-small"
                aria-label="Close search"
                on:click=move |_| close(ctx)
            >
                <Icon glyph=Glyph::Close />
            </button>
        </div>
    }
    .into_any()
}

/// `index` of the shown match and number of matches.
fn format_result((index, count): (Option<u32>, u32)) -> String {
    match (index, count) {
        (Some(index), count) => format!("{} of {count}", index + 1),
        (None, 0) => "Nothing found".to_owned(),
        (None, count) => format!("{count} found"),
    }
}

fn close(ctx: TerminalContext) {
    ctx.with(|terminal| {
        terminal.end_search();
        terminal.focus();
    });
    ctx.searching.set(false);
    ctx.found.set((None, 0));
}
