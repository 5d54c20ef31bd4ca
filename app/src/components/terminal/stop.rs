//! Confirmation of a stop or restart: while processes run, and with a code when the terminal is locked.

use leptos::prelude::*;
use protocol::{TerminalId, names::Sensitive};

use super::{
    confirm_form::ConfirmForm,
    lifecycle::{StopKind, stop},
    required_code::{RequiredCode, change_needs_code},
};
use crate::{
    components::Dialog,
    state::{Submission, Terminals, Toasts},
};

/// The dialog.
#[component]
pub(super) fn StopDialog(
    /// Id of the terminal.
    id: TerminalId,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// Whether it stays stopped.
    kind: RwSignal<StopKind>,
) -> impl IntoView {
    let terminals = Terminals::get();
    let title = Signal::derive(move || {
        let name = terminals.find(id).map(|terminal| terminal.name.to_string()).unwrap_or_default();
        format!("{} {name}?", kind.get().label())
    });
    view! {
        <Dialog open title testid="stop-dialog">
            <StopForm id open kind=kind.get_untracked() />
        </Dialog>
    }
    .into_any()
}

#[component]
fn StopForm(id: TerminalId, open: RwSignal<bool>, kind: StopKind) -> impl IntoView {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let code = RequiredCode::new(Signal::derive(move || change_needs_code(terminals, id)));
    let submission = Submission::new();
    let send = move |typed: Option<Sensitive>| {
        if typed.is_none() {
            open.set(false);
            return stop(id, kind, terminals, toasts);
        }
        submission.run(async move {
            code.check(kind.request(id, typed).await)?;
            let _ = open.try_set(false);
            terminals.reload_one(id);
            Ok(())
        });
    };
    let needs = match kind {
        StopKind::Stop => "This terminal is locked, so stopping it needs a code.",
        StopKind::Restart => "This terminal is locked, so restarting it needs a code.",
    };
    view! {
        <ConfirmForm submission send code open label=kind.label() cancel="Keep it running" needs submit="question-yes">
            <p>
                {(!untrack(|| change_needs_code(terminals, id))).then_some("Something is running in it. ")}
                "Every process ends; the home folder stays."
            </p>
        </ConfirmForm>
    }
    .into_any()
}
