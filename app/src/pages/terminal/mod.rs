//! The terminal page: toolbar, terminal, and what is shown in its place.

mod connection_banner;
mod context;
mod keys;
mod search;
mod security;
mod toolbar;
mod toolbar_tools;
mod viewport;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use protocol::{Problem, ProblemKind, TerminalId};

use crate::{
    api,
    components::{Fetch, Fetched, Loading, ProblemPage, Show, dynamic},
    state::Terminals,
};
use context::TerminalContext;

/// The page title. The server writes it after rendering, when signals are disposed, so there it is a plain text.
fn title(name: impl Fn() -> String + Send + Sync + 'static) -> TextProp {
    if cfg!(feature = "ssr") { untrack(name).into() } else { name.into() }
}

/// `/terminals/:id`.
#[component]
pub(crate) fn TerminalPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<TerminalId>().ok()));
    // A change of the id builds a new page.
    dynamic(move || match id.get() {
        Some(id) => view! { <LoadedTerminal id /> }.into_any(),
        None => view! { <ProblemPage problem=not_found() /> }.into_any(),
    })
}

fn not_found() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such terminal, or it is not yours. Go back to your terminals.")
}

#[component]
fn LoadedTerminal(id: TerminalId) -> impl IntoView {
    let terminals = Terminals::get();
    // After a navigation from the dashboard the terminal is loaded already, and events keep it current.
    if untrack(|| terminals.find(id)).is_some() {
        return view! { <Workspace id /> }.into_any();
    }
    let version = terminals.next_version();
    let fetch = Fetch::new(
        move || api::terminal(id),
        move |terminal| {
            terminals.put_versioned(terminal, version);
            view! { <Workspace id /> }.into_any()
        },
    );
    let placeholder = || {
        view! {
            <div class="page">
                <Loading rows=5 />
            </div>
        }
    };
    view! { <Fetched fetch placeholder /> }.into_any()
}

#[component]
fn Workspace(id: TerminalId) -> impl IntoView {
    let terminals = Terminals::get();
    let ctx = TerminalContext::provide(id);
    let exists = Memo::new(move |_| ctx.terminal.with(Option::is_some));
    let name = move || {
        let known = terminals.find(id).map(|t| (t.name.to_string(), t.mfa_locked));
        let (name, locked) = known.unwrap_or_default();
        if locked { format!("Locked · {name}") } else { name }
    };
    view! {
        <Title text=title(name) />
        <Show when=move || exists.get() fallback=|| view! { <Deleted /> }>
            <div class="workspace" data-testid="workspace">
                <toolbar::Toolbar />
                <search::SearchBar />
                <div class="workspace-body">
                    <viewport::Viewport />
                    <security::SecurityPanel />
                </div>
                <keys::KeyRow />
            </div>
        </Show>
    }
    .into_any()
}

#[component]
fn Deleted() -> impl IntoView {
    view! {
        <section class="empty" data-testid="terminal-gone">
            <h1 class="empty-title">"This terminal is gone"</h1>
            <p class="empty-text">"It was deleted, with its container and home folder."</p>
            <div class="empty-actions">
                <a class="btn btn-primary" href="/">
                    "To the terminals"
                </a>
            </div>
        </section>
    }
    .into_any()
}
