//! The menu of what can be done with a terminal besides using it: start, stop, rename, delete.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};
use protocol::{Problem, TerminalId, terminals::TerminalState};

use super::DeleteDialog;
use crate::{
    api,
    components::{Glyph, Icon, Menu, Question, When},
    state::{Terminals, Toasts},
};

/// An idle terminal's processes: PID 1 and one shell at its prompt. What is beyond them would be lost.
const IDLE_PIDS: u32 = 2;

/// The menu; `renaming` is raised when the person wants to rename in place.
#[component]
pub(crate) fn TerminalActions(
    /// Which.
    id: TerminalId,
    /// Renaming in place was asked for.
    renaming: RwSignal<bool>,
    /// Items of the page it stands on.
    #[prop(into, optional)]
    more: ViewFn,
) -> impl IntoView {
    let terminals = Terminals::get();
    let state = Memo::new(move |_| terminals.one(id).map(|t| t.state));
    let (deleting, asking) = (RwSignal::new(false), RwSignal::new(false));
    let restarts = RwSignal::new(false);
    let is = move |wanted: &'static [TerminalState]| state.get().is_some_and(|state| wanted.contains(&state));
    let name = move || terminals.one(id).map(|t| t.name.to_string()).unwrap_or_default();
    let label = Signal::derive(move || format!("Actions for {}", name()));
    // Whether something runs is being looked at; the engine takes its time.
    let looking = RwSignal::new(false);
    let face = move || {
        view! {
            <When when=move || !looking.get() fallback=|| view! { <span class="spinner" data-testid="looking"></span> }>
                <Icon glyph=Glyph::Dots/>
            </When>
        }
    };
    let end = move |restart: bool| {
        if looking.get_untracked() {
            return;
        }
        looking.set(true);
        restarts.set(restart);
        let (terminals, toasts) = (Terminals::get(), Toasts::get());
        spawn_local(async move {
            // Also asked when nobody can say what runs.
            let idle = api::stats(id).await.is_ok_and(|stats| stats.pids <= IDLE_PIDS);
            let _ = looking.try_set(false);
            if idle {
                end_now(id, restart, terminals, toasts);
            } else {
                let _ = asking.try_set(true);
            }
        });
    };
    view! {
        <Menu label testid="card-menu" face>
            {more.run()}
            <When when=move || is(&[TerminalState::Stopped, TerminalState::Failed])>
                <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| start(id) data-testid="start"><Icon glyph=Glyph::Play/>"Start"</button>
            </When>
            <When when=move || is(&[TerminalState::Running])>
                <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| end(false) data-testid="stop"><Icon glyph=Glyph::Stop/>"Stop"</button>
                <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| end(true) data-testid="restart"><Icon glyph=Glyph::Refresh/>"Restart"</button>
            </When>
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| renaming.set(true) data-testid="rename"><Icon glyph=Glyph::Edit/>"Rename"</button>
            <hr class="menu-line"/>
            <button r#type="button" class="menu-item menu-danger" role="menuitem" on:click=move |_| deleting.set(true) data-testid="delete"><Icon glyph=Glyph::Trash/>"Delete…"</button>
        </Menu>
        <span class="sr-only" role="status"><When when=move || looking.get()>"Looking at what runs in it"</When></span>
        <EndQuestion id open=asking restarts/>
        <DeleteDialog id open=deleting/>
    }
    .into_any()
}

/// Something runs: whether it may end.
#[component]
fn EndQuestion(id: TerminalId, open: RwSignal<bool>, restarts: RwSignal<bool>) -> impl IntoView {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let deed = Signal::derive(move || if restarts.get() { "Restart" } else { "Stop" }.to_owned());
    let title = Signal::derive(move || {
        format!("{} {}?", deed.get(), terminals.one(id).map(|t| t.name.to_string()).unwrap_or_default())
    });
    let agree = move |()| end_now(id, restarts.get_untracked(), terminals, toasts);
    view! {
        <Question open title text="Something is running in it. Every process ends; the home folder stays." yes=deed no="Keep it running" on_yes=agree testid="stop-dialog"/>
    }
    .into_any()
}

/// Starts a stopped or failed terminal.
pub(crate) fn start(id: TerminalId) {
    run(id, TerminalState::Creating, api::start_terminal(id), Terminals::get(), Toasts::get());
}

fn end_now(id: TerminalId, restart: bool, terminals: Terminals, toasts: Toasts) {
    if restart {
        run(id, TerminalState::Creating, api::restart_terminal(id), terminals, toasts);
    } else {
        run(id, TerminalState::Stopped, api::stop_terminal(id), terminals, toasts);
    }
}

/// Shows the coming state at once, and the true one as soon as it is known.
fn run(
    id: TerminalId,
    coming: TerminalState,
    action: impl Future<Output = Result<api::Done, Problem>> + 'static,
    terminals: Terminals,
    toasts: Toasts,
) {
    terminals.change(id, |terminal| terminal.state = coming);
    spawn_local(async move {
        if let Err(problem) = action.await {
            toasts.problem(&problem);
        }
        terminals.reload_one(id);
    });
}
