//! Changing the password.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{Problem, auth::PasswordChange, names::Sensitive};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{CodeField, PasswordField, ProblemNote, Section, Submit, When},
    pages::entry::{password_hint, read_new_password},
    state::{Account, Toasts},
};

/// The section.
#[component]
pub(super) fn Password() -> impl IntoView {
    view! {
        <Section title="Password" lead="Changing it ends your other login sessions; terminals keep running." testid="account-password">
            <div class="box box-narrow"><PasswordForm/></div>
        </Section>
    }
    .into_any()
}

#[component]
fn PasswordForm() -> impl IntoView {
    let (account, toasts) = (Account::get(), Toasts::get());
    let with_code = Memo::new(move |_| account.mfa_enabled());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let code = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let new = match read_new_password(&form) {
            Ok(new) => new,
            Err(refusal) => return problem.set(Some(refusal)),
        };
        let request = PasswordChange {
            current: Sensitive::new(browser::form_value(&form, "current")),
            new,
            code: with_code.get_untracked().then(|| Sensitive::new(code.get_untracked())),
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::change_password(request).await {
                Ok(_) => {
                    form.reset();
                    let _ = code.try_set(String::new());
                    toasts.good("Password changed. Your other sessions were ended.");
                }
                Err(refusal) if browser::left_for_login(&refusal) => {}
                Err(mut refusal) => {
                    // The contract calls the field `new`; the form's is `password`.
                    if refusal.field.as_deref() == Some("new") {
                        refusal.field = Some("password".to_owned());
                    }
                    let _ = problem.try_set(Some(refusal));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit data-testid="password-form">
            <PasswordField name="current" label="Present password" autocomplete="current-password" problem/>
            <PasswordField name="password" label="New password" hint=password_hint() autocomplete="new-password" problem/>
            <PasswordField name="repeat" label="New password, again" autocomplete="new-password" problem/>
            <When when=move || with_code.get()>
                <CodeField code on_full=|()| () busy refused=Signal::derive(move || problem.get().is_some_and(|p| p.kind == protocol::ProblemKind::WrongCode)) autofocus=false/>
            </When>
            <ProblemNote problem fields=&["current", "password", "repeat"]/>
            <div class="form-actions"><Submit label="Change password".to_owned() busy testid="password-submit"/></div>
        </form>
    }
    .into_any()
}
