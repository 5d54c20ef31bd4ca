//! The dialog in which a code unlocks a terminal, temporarily or for good.

use leptos::prelude::*;
use protocol::TerminalId;

use super::lock_form::{LockAction, LockForm};
use crate::{components::Dialog, state::Terminals};

/// The dialog.
#[component]
pub(super) fn LockDialog(
    /// Id of the terminal.
    id: TerminalId,
    /// What the code does.
    action: RwSignal<LockAction>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let terminals = Terminals::get();
    let title = Signal::derive(move || {
        let name = terminals.find(id).map(|terminal| terminal.name.to_string()).unwrap_or_default();
        match action.get() {
            LockAction::Unlock => format!("Unlock {name}: remove the lock"),
            LockAction::Verify => format!("Verify {name}: use it for now, the lock stays"),
        }
    });
    view! {
        <Dialog open title testid="lock-dialog">
            <LockForm id action on_done=Callback::new(move |()| open.set(false)) />
        </Dialog>
    }
    .into_any()
}
