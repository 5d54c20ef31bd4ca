//! Changing the password.

use leptos::prelude::*;
use protocol::{Problem, ProblemKind, auth::PasswordChange, names::Sensitive};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{CodeField, Form, PasswordField, Section, When},
    pages::entry::{NewPassword, read_new_password},
    state::{Account, Sending, Toasts},
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
    let sending = Sending::new();
    let code = RwSignal::new(String::new());
    let send = move |form: HtmlFormElement| {
        sending.send(async move {
            let request = PasswordChange {
                current: Sensitive::new(browser::form_value(&form, "current")),
                new: read_new_password(&form)?,
                code: with_code.get_untracked().then(|| Sensitive::new(code.get_untracked())),
            };
            if with_code.get_untracked() && code.with_untracked(String::is_empty) {
                let missing = "Type the code your authenticator app shows, or a recovery code.";
                return Err(Problem::new(ProblemKind::BadRequest, missing).at("code"));
            }
            api::change_password(request).await.map_err(at_our_field)?;
            form.reset();
            let _ = code.try_set(String::new());
            toasts.good("Password changed. Your other sessions were ended.");
            Ok(())
        });
    };
    view! {
        <Form sending send label="Change password" fields=&["current", "password", "repeat"] testid="password-form" submit="password-submit">
            <PasswordField name="current" label="Present password" autocomplete="current-password" problem=sending.problem/>
            <NewPassword label="New password" problem=sending.problem/>
            <When when=move || with_code.get()>
                <CodeField sending code autofocus=false/>
            </When>
        </Form>
    }
    .into_any()
}

/// The contract calls the field `new`; the form's is `password`.
fn at_our_field(mut refusal: Problem) -> Problem {
    if refusal.field.as_deref() == Some("new") {
        refusal.field = Some("password".to_owned());
    }
    refusal
}
