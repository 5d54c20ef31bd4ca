//! Renaming: in place on a card, in a dialog from the terminal page. One field, one way to keep it.

use leptos::{html::Input, prelude::*, task::spawn_local};
use protocol::{
    Problem, ProblemKind, TerminalId,
    names::TerminalName,
    terminals::{PatchTerminal, Terminal},
};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{Dialog, Field, Form},
    state::{Sending, Terminals, Toasts},
};

/// The name as a field: Enter and leaving keep it, Escape does not.
#[component]
pub(super) fn RenameInPlace(
    /// Which terminal.
    id: TerminalId,
    /// Lowered when done.
    renaming: RwSignal<bool>,
) -> impl IntoView {
    let input = NodeRef::<Input>::new();
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let name = untrack(|| terminals.one(id)).map(|t| t.name);
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
            input.select();
        }
    });
    let before = StoredValue::new(name.clone());
    let name = name.map(|name| name.to_string()).unwrap_or_default();
    // Keeps what is new; what cannot be kept stays in the field.
    let keep = move || {
        let typed = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        match TerminalName::parse(&typed) {
            Err(bad) => return toasts.plain("Not renamed", bad.0),
            Ok(name) if before.with_value(|before| before.as_ref() == Some(&name)) => {}
            Ok(name) => at_once(id, name, before.get_value()),
        }
        renaming.set(false);
    };
    let to_card = move || browser::focus_soon(format!("[data-id='{id}'] [data-testid=card-open]"));
    view! {
        <input
            node_ref=input class="input card-rename" value=name aria-label="New name"
            on:keydown=move |event| match event.key().as_str() {
                "Enter" => {
                    keep();
                    to_card();
                }
                "Escape" => {
                    renaming.set(false);
                    to_card();
                }
                _ => {}
            }
            on:blur=move |_| {
                if renaming.try_get_untracked() == Some(true) {
                    keep();
                }
            }
            data-testid="rename-input"
        />
    }
    .into_any()
}

/// Shows the new name before the server has it. When it is refused the old one comes back, with the reason.
fn at_once(id: TerminalId, name: TerminalName, before: Option<TerminalName>) {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    terminals.change(id, |terminal| terminal.name = name.clone());
    let asked = terminals.count();
    spawn_local(async move {
        match rename(id, name.clone()).await {
            Ok(terminal) => terminals.put_asked(terminal, asked),
            Err(problem) => {
                // Unless it got a third name meanwhile.
                terminals.change(id, |terminal| {
                    if let Some(before) = before.filter(|_| terminal.name == name) {
                        terminal.name = before;
                    }
                });
                if !browser::left_for_login(&problem) {
                    toasts.plain("Not renamed", problem.detail);
                }
            }
        }
    });
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
    let sending = Sending::new();
    let send = move |form: HtmlFormElement| {
        sending.send(async move {
            let name = TerminalName::parse(&browser::form_value(&form, "rename"))
                .map_err(|bad| Problem::new(ProblemKind::BadRequest, bad.0).at("rename"))?;
            let asked = terminals.count();
            terminals.put_asked(rename(id, name).await?, asked);
            let _ = open.try_set(false);
            Ok(())
        });
    };
    view! {
        <Form sending send label="Rename" fields=&["rename"] closes=open submit="rename-submit">
            <Field name="rename" label="Name" value=name autofocus=true sending/>
        </Form>
    }
    .into_any()
}

async fn rename(id: TerminalId, name: TerminalName) -> Result<Terminal, Problem> {
    api::patch_terminal(id, PatchTerminal { name: Some(name), tier: None }).await
}
