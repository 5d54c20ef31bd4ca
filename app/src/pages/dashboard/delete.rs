//! Deleting a terminal: what is lost is said first, and a locked one needs a code.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use protocol::{
    Problem, TerminalId,
    names::Sensitive,
    terminals::{DeleteTerminal, TerminalState},
};

use crate::{
    api,
    components::{CodeField, Dialog, ProblemNote, Submit, When},
    state::{Terminals, Toasts},
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
            <DeleteForm id open/>
        </Dialog>
    }
    .into_any()
}

#[component]
fn DeleteForm(id: TerminalId, open: RwSignal<bool>) -> impl IntoView {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let navigate = use_navigate();
    let locked = Memo::new(move |_| terminals.one(id).is_some_and(|t| t.mfa_locked));
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let code = RwSignal::new(String::new());
    let incomplete = Signal::derive(move || locked.get() && code.with(String::is_empty));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        problem.set(None);
        let digits = locked.get_untracked().then(|| Sensitive::new(code.get_untracked()));
        let navigate = navigate.clone();
        spawn_local(async move {
            match api::delete_terminal(id, DeleteTerminal { code: digits }).await {
                Ok(_) => {
                    terminals.change(id, |terminal| terminal.state = TerminalState::Deleting);
                    let _ = open.try_set(false);
                    toasts.good("Deleted");
                    navigate("/", NavigateOptions::default());
                }
                Err(refusal) => {
                    let _ = problem.try_set(Some(refusal));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <p>"The container and its home folder are destroyed, and everything in them. This cannot be undone."</p>
            <When when=move || locked.get()>
                <p class="muted">"This terminal is locked, so deleting it needs a code."</p>
                <CodeField code on_full=|()| () busy refused=Signal::derive(move || problem.get().is_some())/>
            </When>
            <ProblemNote problem/>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>"Keep it"</button>
                <Submit label="Delete".to_owned() busy disabled=incomplete kind="btn-danger" testid="delete-confirm"/>
            </div>
        </form>
    }
    .into_any()
}
