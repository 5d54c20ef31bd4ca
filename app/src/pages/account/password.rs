//! Changing the password.

use leptos::prelude::*;
use protocol::{
    Problem,
    auth::PasswordChange,
    names::{Sensitive, Username},
};
use web_sys::HtmlFormElement;

use crate::{
    api, browser,
    components::{CodeField, Form, PasswordField, Section, When, is_whole},
    pages::entry::{NewPassword, mistake, read_new_password},
    state::{Account, Sending, Toasts, flawless},
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
        let code_of_it = with_code.get_untracked().then(|| code.get_untracked());
        let name = untrack(|| account.me()).map(|me| me.username);
        let Some(request) = sending.checked(read(&form, name.as_ref(), code_of_it)) else { return };
        sending.send(async move {
            api::change_password(request).await.map_err(at_our_field)?;
            form.reset();
            let _ = code.try_set(String::new());
            toasts.good("Password changed. Your other sessions were ended.");
            Ok(())
        });
    };
    view! {
        <Form sending send label="Change password" fields=&["current", "password", "repeat"] checks=true testid="password-form" submit="password-submit">
            <PasswordField name="current" label="Present password" autocomplete="current-password" sending/>
            <NewPassword label="New password" sending/>
            <When when=move || with_code.get()>
                <CodeField sending code autofocus=false/>
            </When>
        </Form>
    }
    .into_any()
}

/// Everything that is wrong is told at once.
fn read(form: &HtmlFormElement, name: Option<&Username>, code: Option<String>) -> Result<PasswordChange, Vec<Problem>> {
    let mut mistakes = Vec::new();
    let current = browser::form_value(form, "current");
    if current.is_empty() {
        mistakes.push(mistake("Type the password you have now.", "current"));
    }
    let new = read_new_password(form, name, &mut mistakes);
    if code.as_deref().is_some_and(|code| !is_whole(code)) {
        let missing = mistake("Type the code your authenticator app shows, or a recovery code.", "code");
        mistakes.push(Problem { title: "A code is missing".to_owned(), ..missing });
    }
    flawless(PasswordChange { current: Sensitive::new(current), new, code: code.map(Sensitive::new) }, mistakes)
}

/// The contract calls the field `new`; the form's is `password`.
fn at_our_field(mut refusal: Problem) -> Problem {
    if refusal.field.as_deref() == Some("new") {
        refusal.field = Some("password".to_owned());
    }
    refusal
}
