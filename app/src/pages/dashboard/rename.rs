//! Renaming: in place on a card, in a dialog from the terminal page. One field, one way to keep it.

use leptos::{ev::SubmitEvent, html::Input, prelude::*, task::spawn_local};
use protocol::{Problem, ProblemKind, TerminalId, names::TerminalName, terminals::PatchTerminal};
use wasm_bindgen::JsCast;

use crate::{
    api, browser,
    components::{Dialog, Field, ProblemNote, Submit},
    state::{Terminals, Toasts},
};

/// The name as a field: Enter keeps it, Escape and leaving do not.
#[component]
pub(super) fn RenameInPlace(
    /// Which terminal.
    id: TerminalId,
    /// Lowered when done.
    renaming: RwSignal<bool>,
) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let name = untrack(|| terminals.one(id)).map(|t| t.name.to_string()).unwrap_or_default();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
            input.select();
        }
    });
    let keep = move || {
        let typed = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        match TerminalName::parse(&typed) {
            Err(bad) => toasts.plain("Not renamed", bad.0),
            Ok(name) => {
                renaming.set(false);
                terminals.change(id, |terminal| terminal.name = name.clone());
                spawn_local(async move {
                    match rename(id, name).await {
                        Ok(()) => {}
                        Err(problem) => {
                            toasts.problem(&problem);
                            terminals.reload_one(id);
                        }
                    }
                });
            }
        }
    };
    view! {
        <input
            node_ref=input class="input card-rename" value=name maxlength="64" aria-label="New name"
            on:keydown=move |event| match event.key().as_str() {
                "Enter" => keep(),
                "Escape" => renaming.set(false),
                _ => {}
            }
            on:blur=move |_| {
                let _ = renaming.try_set(false);
            }
            data-testid="rename-input"
        />
    }
    .into_any()
}

/// The same in a dialog.
#[component]
pub(crate) fn RenameDialog(
    /// Which terminal.
    id: TerminalId,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! { <Dialog open title="Rename".to_owned() testid="rename-dialog"><RenameForm id open/></Dialog> }.into_any()
}

#[component]
fn RenameForm(id: TerminalId, open: RwSignal<bool>) -> impl IntoView {
    let terminals = Terminals::get();
    let name = untrack(|| terminals.one(id)).map(|t| t.name.to_string()).unwrap_or_default();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into()) else { return };
        match TerminalName::parse(&browser::form_value(&form, "rename")) {
            Err(bad) => problem.set(Some(Problem::new(ProblemKind::BadRequest, bad.0).at("rename"))),
            Ok(name) => {
                busy.set(true);
                spawn_local(async move {
                    match rename(id, name).await {
                        Ok(()) => drop(open.try_set(false)),
                        Err(refusal) => drop(problem.try_set(Some(refusal))),
                    }
                    let _ = busy.try_set(false);
                });
            }
        }
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <Field name="rename" label="Name" value=name maxlength=64 autofocus=true problem/>
            <ProblemNote problem fields=&["rename"]/>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>"Cancel"</button>
                <Submit label="Rename".to_owned() busy testid="rename-submit"/>
            </div>
        </form>
    }
    .into_any()
}

async fn rename(id: TerminalId, name: TerminalName) -> Result<(), Problem> {
    let terminals = Terminals::get();
    let terminal = api::patch_terminal(id, PatchTerminal { name: Some(name), tier: None }).await?;
    terminals.put(terminal);
    Ok(())
}
