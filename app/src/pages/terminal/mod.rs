//! The terminal page: toolbar, the terminal itself, and everything that can stand in its place.

mod banner;
mod keys;
mod lock_button;
mod lock_prompt;
mod search;
mod security;
mod session;
mod stage;
mod toolbar;

pub(crate) use lock_button::LockButton;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use protocol::{Problem, ProblemKind, TerminalId};

use crate::{
    api,
    components::{Fetched, Loading, ProblemPage, When, ask_once, dynamic, shown},
    state::Terminals,
};
use session::Session;

/// The server writes the title after the page, when nothing reactive can be read any more: there it is a plain text.
fn title(name: impl Fn() -> String + Send + Sync + 'static) -> TextProp {
    if cfg!(feature = "ssr") { untrack(name).into() } else { name.into() }
}

/// `/terminals/:id`.
#[component]
pub(crate) fn TerminalPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<TerminalId>().ok()));
    // Keyed by the id: another terminal is another page, with nothing of this one left.
    dynamic(move || match id.get() {
        Some(id) => view! { <Known id/> }.into_any(),
        None => view! { <ProblemPage problem=nothing_here()/> }.into_any(),
    })
}

fn nothing_here() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such terminal, or it is not yours. Go back to your terminals.")
}

#[component]
fn Known(id: TerminalId) -> impl IntoView {
    let terminals = Terminals::get();
    // Coming from the dashboard it is known already, and kept true by events.
    if untrack(|| terminals.one(id)).is_some() {
        return view! { <Workspace id/> }.into_any();
    }
    let asked = terminals.count();
    let first = ask_once(move || api::text::terminal(id));
    let show = shown(move |terminal| {
        terminals.put_asked(terminal, asked);
        view! { <Workspace id/> }.into_any()
    });
    let waiting = || view! { <div class="page"><Loading rows=5/></div> };
    view! { <Fetched of=first show waiting/> }.into_any()
}

#[component]
fn Workspace(id: TerminalId) -> impl IntoView {
    let terminals = Terminals::get();
    let session = Session::provide(id);
    let there = Memo::new(move |_| session.terminal.with(Option::is_some));
    let name = move || {
        let known = terminals.one(id).map(|t| (t.name.to_string(), t.mfa_locked));
        let (name, locked) = known.unwrap_or_default();
        if locked { format!("Locked · {name}") } else { name }
    };
    view! {
        <Title text=title(name)/>
        <When when=move || there.get() fallback=|| view! { <Deleted/> }>
            <div class="workspace" data-testid="workspace">
                <toolbar::Toolbar/>
                <search::SearchBar/>
                <div class="workspace-body">
                    <stage::Stage/>
                    <security::SecurityPanel/>
                </div>
                <keys::KeyRow/>
            </div>
        </When>
    }
    .into_any()
}

#[component]
fn Deleted() -> impl IntoView {
    view! {
        <section class="empty" data-testid="terminal-gone">
            <h1 class="empty-title">"This terminal is gone"</h1>
            <p class="empty-text">"It was deleted, with its container and home folder."</p>
            <div class="empty-actions"><a class="btn btn-primary" href="/">"To the terminals"</a></div>
        </section>
    }
    .into_any()
}
