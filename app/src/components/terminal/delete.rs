//! Deleting a terminal. The form names what is lost; a locked terminal requires a code.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use protocol::{TerminalId, names::Sensitive, terminals::Phase};

use super::{confirm_form::ConfirmForm, required_code::RequiredCode};
use crate::{
    api, browser,
    components::Dialog,
    state::{Submission, Terminals, Toasts},
};

/// The dialog.
#[component]
pub(super) fn DeleteDialog(
    /// Id of the terminal.
    id: TerminalId,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let terminals = Terminals::get();
    let name = move || terminals.find(id).map(|t| t.name.to_string()).unwrap_or_default();
    view! {
        <Dialog open title=Signal::derive(move || format!("Delete {}?", name())) testid="delete-dialog">
            <Delete id open />
        </Dialog>
    }
    .into_any()
}

#[component]
fn Delete(id: TerminalId, open: RwSignal<bool>) -> impl IntoView {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let navigate = use_navigate();
    let name = move || untrack(|| terminals.find(id)).map(|t| t.name.to_string()).unwrap_or_default();
    // A grant is not enough.
    let code = RequiredCode::new(Signal::derive(move || terminals.find(id).is_some_and(|t| t.mfa_locked)));
    let submission = Submission::new();
    let send = move |typed: Option<Sensitive>| {
        let navigate = navigate.clone();
        submission.run(async move {
            code.check(api::delete_terminal(id, typed).await)?;
            terminals.change(id, |terminal| terminal.phase = Phase::Deleting);
            let _ = open.try_set(false);
            toasts.success(format!("{} was deleted", name()));
            navigate("/", NavigateOptions::default());
            browser::focus_next_frame("#content");
            Ok(())
        });
    };
    view! {
        <ConfirmForm
            submission
            send
            code
            open
            label="Delete"
            cancel="Keep it"
            needs="This terminal is locked, so deleting it needs a code."
            submit="delete-confirm"
        >
            <p>"The container and its home folder are destroyed, and everything in them. This cannot be undone."</p>
        </ConfirmForm>
    }
    .into_any()
}
