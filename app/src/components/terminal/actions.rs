//! The menu of actions on a terminal: start, stop, restart, rename, delete.

use leptos::{prelude::*, task::spawn_local};
use protocol::{TerminalId, terminals::Phase};

use super::{
    delete::DeleteDialog,
    lifecycle::{StopKind, start, stop},
    rename::RenameDialog,
    required_code::change_needs_code,
    stop::StopDialog,
};
use crate::{
    api,
    components::{Glyph, Icon, Menu, MenuItem, Show},
    state::{Terminals, Toasts},
};

/// Processes of an idle terminal: PID 1 and one shell at its prompt. A stop ends any further process.
const IDLE_PIDS: u32 = 2;

/// The menu and the dialogs it opens.
#[component]
pub(crate) fn TerminalActions(
    /// Id of the terminal.
    id: TerminalId,
    /// Set when the user chooses "Rename", where the name can be edited in place. Otherwise, and when a code is
    /// required, a dialog opens.
    #[prop(optional)]
    renaming: Option<RwSignal<bool>>,
    /// Menu items of the surrounding page.
    #[prop(into, optional)]
    more: ViewFn,
) -> impl IntoView {
    let terminals = Terminals::get();
    let [deleting, confirming, rename_dialog] = [(); 3].map(|()| RwSignal::new(false));
    let kind = RwSignal::new(StopKind::Stop);
    let name = move || terminals.find(id).map(|t| t.name.to_string()).unwrap_or_default();
    let label = Signal::derive(move || format!("Actions for {}", name()));
    // True while the processes are being counted; the engine can take a second for that.
    let checking = RwSignal::new(false);
    let button = move || {
        view! {
            <Show
                when=move || !checking.get()
                fallback=|| view! { <span class="spinner" data-testid="looking"></span> }
            >
                <Icon glyph=Glyph::Dots />
            </Show>
        }
    };
    let request_stop = Callback::new(move |requested: StopKind| {
        if checking.get_untracked() {
            return;
        }
        kind.set(requested);
        if untrack(|| change_needs_code(terminals, id)) {
            return confirming.set(true);
        }
        checking.set(true);
        let (terminals, toasts) = (Terminals::get(), Toasts::get());
        spawn_local(async move {
            // If the number of processes is unknown, a confirmation is required, too.
            let idle = api::stats(id).await.is_ok_and(|stats| stats.pids <= IDLE_PIDS);
            let _ = checking.try_set(false);
            if idle {
                stop(id, requested, terminals, toasts);
            } else {
                let _ = confirming.try_set(true);
            }
        });
    });
    let rename = move |()| {
        let in_place = renaming.filter(|_| !untrack(|| change_needs_code(terminals, id)));
        in_place.unwrap_or(rename_dialog).set(true);
    };
    view! {
        <Menu label testid="card-menu" button>
            {more.run()}
            <LifecycleItems id request_stop />
            <MenuItem glyph=Glyph::Edit on_click=rename testid="rename">
                "Rename"
            </MenuItem>
            <hr class="menu-line" />
            <MenuItem glyph=Glyph::Trash danger=true on_click=move |()| deleting.set(true) testid="delete">
                "Delete…"
            </MenuItem>
        </Menu>
        <span class="sr-only" role="status">
            <Show when=move || checking.get()>"Looking at what runs in it"</Show>
        </span>
        <RenameDialog id open=rename_dialog />
        <StopDialog id open=confirming kind />
        <DeleteDialog id open=deleting />
    }
    .into_any()
}

/// The items that the phase of the terminal allows.
#[component]
fn LifecycleItems(id: TerminalId, request_stop: Callback<StopKind>) -> impl IntoView {
    let terminals = Terminals::get();
    let phase = Memo::new(move |_| terminals.find(id).map(|t| t.phase));
    let is = move |wanted: &'static [Phase]| phase.get().is_some_and(|phase| wanted.contains(&phase));
    view! {
        <Show when=move || is(&[Phase::Stopped, Phase::Paused, Phase::Failed])>
            <MenuItem glyph=Glyph::Play on_click=move |()| start(id) testid="start">
                "Start"
            </MenuItem>
        </Show>
        <Show when=move || is(&[Phase::Running])>
            <MenuItem glyph=Glyph::Stop on_click=move |()| request_stop.run(StopKind::Stop) testid="stop">
                "Stop"
            </MenuItem>
            <MenuItem glyph=Glyph::Refresh on_click=move |()| request_stop.run(StopKind::Restart) testid="restart">
                "Restart"
            </MenuItem>
        </Show>
    }
    .into_any()
}
