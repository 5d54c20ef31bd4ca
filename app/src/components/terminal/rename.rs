//! Renaming a terminal: in place on a card, or in a dialog.

use leptos::{html::Input, prelude::*, task::spawn_local};
use protocol::{
    Problem, ProblemKind, TerminalId,
    names::{Sensitive, TerminalName},
    terminals::{PatchTerminal, Terminal},
};
use web_sys::HtmlFormElement;

use super::required_code::{RequiredCode, RequiredCodeField, change_needs_code};
use crate::{
    api, browser,
    components::{Dialog, Field, Form},
    state::{Submission, Terminals, Toasts},
};

/// The name as a text field. Enter and losing focus save, Escape cancels.
#[component]
pub(crate) fn RenameInPlace(
    /// Id of the terminal.
    id: TerminalId,
    /// Set to false when done.
    renaming: RwSignal<bool>,
) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let name = untrack(|| terminals.find(id)).map(|t| t.name);
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
            input.select();
        }
    });
    let before = StoredValue::new(name.clone());
    let name = name.map(|name| name.to_string()).unwrap_or_default();
    // Saves a changed name; an invalid name stays in the field.
    let save = move || {
        let typed = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        match TerminalName::parse(&typed) {
            Err(bad) => return toasts.info("Not renamed", bad.0),
            Ok(name) if before.with_value(|before| before.as_ref() == Some(&name)) => {}
            Ok(name) => rename_optimistically(id, name, before.get_value()),
        }
        renaming.set(false);
    };
    let focus_card = move || browser::focus_next_frame(format!("[data-id='{id}'] [data-testid=card-open]"));
    view! {
        <input
            node_ref=input
            class="input card-rename"
            value=name
            aria-label="New name"
            on:keydown=move |event| match event.key().as_str() {
                "Enter" => {
                    save();
                    focus_card();
                }
                "Escape" => {
                    renaming.set(false);
                    focus_card();
                }
                _ => {}
            }
            on:blur=move |_| {
                if renaming.try_get_untracked() == Some(true) {
                    save();
                }
            }
            data-testid="rename-input"
        />
    }
    .into_any()
}

/// Shows the new name before the server confirms it, and the old one again if the server rejects it.
fn rename_optimistically(id: TerminalId, name: TerminalName, before: Option<TerminalName>) {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    terminals.change(id, |terminal| terminal.name = name.clone());
    let version = terminals.next_version();
    spawn_local(async move {
        match rename(id, name.clone(), None).await {
            Ok(terminal) => terminals.put_versioned(terminal, version),
            Err(problem) => {
                // Unless the name changed again in the meantime.
                terminals.change(id, |terminal| {
                    if let Some(before) = before.filter(|_| terminal.name == name) {
                        terminal.name = before;
                    }
                });
                if !browser::redirect_to_login(&problem) {
                    toasts.info("Not renamed", problem.detail);
                }
            }
        }
    });
}

/// The rename dialog.
#[component]
pub(super) fn RenameDialog(
    /// Id of the terminal.
    id: TerminalId,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="Rename".to_owned() testid="rename-dialog">
            <RenameForm id open />
        </Dialog>
    }
    .into_any()
}

#[component]
fn RenameForm(id: TerminalId, open: RwSignal<bool>) -> impl IntoView {
    let terminals = Terminals::get();
    let name = untrack(|| terminals.find(id)).map(|t| t.name.to_string()).unwrap_or_default();
    let submission = Submission::new();
    let code = RequiredCode::new(Signal::derive(move || change_needs_code(terminals, id)));
    let send = move |form: HtmlFormElement| {
        submission.run(async move {
            let name = TerminalName::parse(&browser::form_value(&form, "rename"))
                .map_err(|bad| Problem::new(ProblemKind::BadRequest, bad.0).with_field("rename"))?;
            let version = terminals.next_version();
            terminals.put_versioned(code.check(rename(id, name, code.read()).await)?, version);
            let _ = open.try_set(false);
            Ok(())
        });
    };
    view! {
        <Form
            submission
            send
            label="Rename"
            disabled=code.missing()
            fields=&["rename"]
            dialog=open
            submit="rename-submit"
        >
            <Field name="rename" label="Name" value=name autofocus=true submission />
            <RequiredCodeField
                code
                submission
                needs="This terminal is locked, so renaming it needs a code."
                autofocus=false
            />
        </Form>
    }
    .into_any()
}

async fn rename(id: TerminalId, name: TerminalName, code: Option<Sensitive>) -> Result<Terminal, Problem> {
    api::patch_terminal(id, PatchTerminal { name: Some(name), tier: None, code }).await
}
