//! Deleting a terminal: what is lost is said first, and a locked one needs a code.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use protocol::{
    TerminalId,
    names::Sensitive,
    terminals::{DeleteTerminal, TerminalState},
};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{CodeField, Dialog, Form, When, is_whole},
    state::{Sending, Terminals, Toasts},
};

/// The dialog.
#[component]
pub(crate) fn DeleteDialog(
    /// Which.
    id: TerminalId,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let terminals = Terminals::get();
    let name = move || terminals.one(id).map(|t| t.name.to_string()).unwrap_or_default();
    view! {
        <Dialog open title=Signal::derive(move || format!("Delete {}?", name())) testid="delete-dialog">
            <Delete id open/>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Delete(id: TerminalId, open: RwSignal<bool>) -> impl IntoView {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let navigate = use_navigate();
    let name = move || untrack(|| terminals.one(id)).map(|t| t.name.to_string()).unwrap_or_default();
    let locked = Memo::new(move |_| terminals.one(id).is_some_and(|t| t.mfa_locked));
    let sending = Sending::new();
    let send = move |request: DeleteTerminal| {
        let navigate = navigate.clone();
        sending.send(async move {
            api::delete_terminal(id, request).await?;
            terminals.change(id, |terminal| terminal.state = TerminalState::Deleting);
            let _ = open.try_set(false);
            toasts.good(format!("{} was deleted", name()));
            navigate("/", NavigateOptions::default());
            browser::focus_soon("#content");
            Ok(())
        });
    };
    view! {
        <DeleteForm sending send locked open needs="This terminal is locked, so deleting it needs a code." submit="delete-confirm">
            <p>"The container and its home folder are destroyed, and everything in them. This cannot be undone."</p>
        </DeleteForm>
    }
    .into_any()
}

/// The question itself, for an owner and for an administrator; a locked terminal needs a code of whoever deletes it.
#[component]
pub(crate) fn DeleteForm(
    /// Where it stands.
    sending: Sending,
    /// Deletes.
    #[prop(into)]
    send: Callback<DeleteTerminal>,
    /// A code is needed.
    #[prop(into)]
    locked: Signal<bool>,
    /// The dialog it stands in.
    open: RwSignal<bool>,
    /// Why a code is needed.
    needs: &'static str,
    /// For tests: the button.
    submit: &'static str,
    /// What is lost.
    children: Children,
) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let incomplete = Signal::derive(move || locked.get() && code.with(|code| !is_whole(code)));
    let send = move |_: HtmlFormElement| {
        let typed = code.get_untracked();
        send.run(DeleteTerminal { code: (!typed.is_empty()).then(|| Sensitive::new(typed)) });
    };
    view! {
        <Form sending send label="Delete" kind="btn-danger" disabled=incomplete closes=open cancel="Keep it" submit>
            {children()}
            <When when=move || locked.get()>
                <p class="muted">{needs}</p>
                <CodeField sending code/>
            </When>
        </Form>
    }
    .into_any()
}
