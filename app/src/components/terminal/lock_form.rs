//! The form that takes a code for a locked terminal.

use leptos::prelude::*;
use protocol::TerminalId;

use crate::{
    api,
    components::CodeForm,
    state::{Account, Submission, Terminals, Toasts, notify_other_tabs},
};

/// What a code does to a locked terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockAction {
    /// Gives this login session a grant; the terminal stays locked.
    Verify,
    /// Removes the lock.
    Unlock,
}

/// Code field and submit button.
#[component]
pub(super) fn LockForm(
    /// Id of the terminal.
    id: TerminalId,
    /// What the code does.
    #[prop(into)]
    action: Signal<LockAction>,
    /// Called after success.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let (account, terminals, toasts) = (Account::get(), Terminals::get(), Toasts::get());
    let submission = Submission::new();
    let send = move |code: String| {
        submission.run(async move {
            let result = match action.get_untracked() {
                LockAction::Verify => api::verify(id, &code).await.map(|answer| {
                    account.token_replaced();
                    terminals.put_grant(id, answer.granted_until);
                    notify_other_tabs();
                }),
                LockAction::Unlock => api::unlock(id, &code).await.map(|status| {
                    account.token_replaced();
                    terminals.put_lock(id, &status);
                    toasts.success("The lock is removed");
                }),
            };
            if result.as_ref().is_err_and(|problem| problem.status == 409) {
                // Another client removed the lock in the meantime.
                terminals.reload_one(id);
            }
            result?;
            let _ = on_done.try_run(());
            Ok(())
        });
    };
    let label = Signal::derive(move || match action.get() {
        LockAction::Verify => "Verify".to_owned(),
        LockAction::Unlock => "Unlock".to_owned(),
    });
    view! { <CodeForm submission send label testid="lock-form" submit="lock-submit" /> }.into_any()
}
