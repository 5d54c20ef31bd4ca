//! The menu of what can be done with a terminal besides using it: start, stop, rename, delete.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};
use protocol::{Problem, TerminalId, terminals::TerminalState};

use super::DeleteDialog;
use crate::{
    api,
    components::{Glyph, Icon, Menu, When},
    state::{Terminals, Toasts},
};

/// The menu; `renaming` is raised when the person wants to rename in place.
#[component]
pub(crate) fn TerminalActions(
    /// Which.
    id: TerminalId,
    /// Renaming in place was asked for.
    renaming: RwSignal<bool>,
) -> impl IntoView {
    let terminals = Terminals::get();
    let state = Memo::new(move |_| terminals.one(id).map(|t| t.state));
    let deleting = RwSignal::new(false);
    let is = move |wanted: &'static [TerminalState]| state.get().is_some_and(|state| wanted.contains(&state));
    let face = || view! { <Icon glyph=Glyph::Dots/> };
    let stop = move |_| run(id, TerminalState::Stopped, api::stop_terminal(id));
    let restart = move |_| run(id, TerminalState::Creating, api::restart_terminal(id));
    view! {
        <Menu label="Actions" testid="card-menu" face>
            <When when=move || is(&[TerminalState::Stopped, TerminalState::Failed])>
                <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| start(id) data-testid="start"><Icon glyph=Glyph::Play/>"Start"</button>
            </When>
            <When when=move || is(&[TerminalState::Running])>
                <button r#type="button" class="menu-item" role="menuitem" on:click=stop data-testid="stop"><Icon glyph=Glyph::Stop/>"Stop"</button>
                <button r#type="button" class="menu-item" role="menuitem" on:click=restart data-testid="restart"><Icon glyph=Glyph::Refresh/>"Restart"</button>
            </When>
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| renaming.set(true) data-testid="rename"><Icon glyph=Glyph::Edit/>"Rename"</button>
            <hr class="menu-line"/>
            <button r#type="button" class="menu-item menu-danger" role="menuitem" on:click=move |_| deleting.set(true) data-testid="delete"><Icon glyph=Glyph::Trash/>"Delete…"</button>
        </Menu>
        <DeleteDialog id open=deleting/>
    }
    .into_any()
}

/// Starts a stopped or failed terminal.
pub(crate) fn start(id: TerminalId) {
    run(id, TerminalState::Creating, api::start_terminal(id));
}

/// Shows the coming state at once, and the true one as soon as it is known.
fn run(id: TerminalId, coming: TerminalState, action: impl Future<Output = Result<api::Done, Problem>> + 'static) {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    terminals.change(id, |terminal| terminal.state = coming);
    spawn_local(async move {
        if let Err(problem) = action.await {
            toasts.problem(&problem);
        }
        terminals.reload_one(id);
    });
}
