//! Deleting a terminal. The form names what is lost; a locked terminal requires a code.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use protocol::{
    TerminalId,
    names::Sensitive,
    terminals::{DeleteTerminal, Phase},
};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{CodeField, Dialog, Form, Show, is_complete_code},
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
    let locked = Memo::new(move |_| terminals.find(id).is_some_and(|t| t.mfa_locked));
    let submission = Submission::new();
    let send = move |request: DeleteTerminal| {
        let navigate = navigate.clone();
        submission.run(async move {
            api::delete_terminal(id, request).await?;
            terminals.change(id, |terminal| terminal.phase = Phase::Deleting);
            let _ = open.try_set(false);
            toasts.success(format!("{} was deleted", name()));
            navigate("/", NavigateOptions::default());
            browser::focus_next_frame("#content");
            Ok(())
        });
    };
    view! {
        <DeleteForm
            submission
            send
            locked
            open
            needs="This terminal is locked, so deleting it needs a code."
            submit="delete-confirm"
        >
            <p>"The container and its home folder are destroyed, and everything in them. This cannot be undone."</p>
        </DeleteForm>
    }
    .into_any()
}

/// The form, for owners and administrators. The code is one of the signed-in user.
#[component]
pub(crate) fn DeleteForm(
    /// State of the form.
    submission: Submission,
    /// Deletes the terminal.
    #[prop(into)]
    send: Callback<DeleteTerminal>,
    /// Whether a code is required.
    #[prop(into)]
    locked: Signal<bool>,
    /// The dialog that contains the form.
    open: RwSignal<bool>,
    /// Why a code is required.
    needs: &'static str,
    /// `data-testid` of the button.
    submit: &'static str,
    /// Description of what is lost.
    children: Children,
) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let incomplete = Signal::derive(move || locked.get() && code.with(|code| !is_complete_code(code)));
    let send = move |_: HtmlFormElement| {
        let typed = code.get_untracked();
        send.run(DeleteTerminal { code: (!typed.is_empty()).then(|| Sensitive::new(typed)) });
    };
    view! {
        <Form submission send label="Delete" kind="btn-danger" disabled=incomplete dialog=open cancel="Keep it" submit>
            {children()}
            <Show when=move || locked.get()>
                <p class="muted">{needs}</p>
                <CodeField submission code />
            </Show>
        </Form>
    }
    .into_any()
}
