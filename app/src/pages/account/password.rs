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
    components::{CodeField, Form, PasswordField, Section, Show, is_complete_code},
    pages::entry::{NewPassword, field_error, parse_new_password},
    state::{Account, Submission, Toasts, all_valid},
};

/// The section.
#[component]
pub(super) fn Password() -> impl IntoView {
    view! {
        <Section
            title="Password"
            lead="Changing it ends your other login sessions; terminals keep running."
            testid="account-password"
        >
            <div class="box box-narrow">
                <PasswordForm />
            </div>
        </Section>
    }
    .into_any()
}

#[component]
fn PasswordForm() -> impl IntoView {
    let (account, toasts) = (Account::get(), Toasts::get());
    let with_code = Memo::new(move |_| account.mfa_enabled());
    let submission = Submission::new();
    let code = RwSignal::new(String::new());
    let send = move |form: HtmlFormElement| {
        let code_input = with_code.get_untracked().then(|| code.get_untracked());
        let name = untrack(|| account.me()).map(|me| me.username);
        let Some(request) = submission.validated(parse_form(&form, name.as_ref(), code_input)) else { return };
        submission.run(async move {
            api::change_password(request).await.map_err(to_form_field)?;
            form.reset();
            let _ = code.try_set(String::new());
            toasts.success("Password changed. Your other sessions were ended.");
            Ok(())
        });
    };
    view! {
        <Form
            submission
            send
            label="Change password"
            fields=&["current", "password", "repeat"]
            novalidate=true
            testid="password-form"
            submit="password-submit"
        >
            <PasswordField name="current" label="Present password" autocomplete="current-password" submission />
            <NewPassword label="New password" submission />
            <Show when=move || with_code.get()>
                <CodeField submission code autofocus=false />
            </Show>
        </Form>
    }
    .into_any()
}

/// Parses the form and collects all errors.
fn parse_form(
    form: &HtmlFormElement,
    name: Option<&Username>,
    code: Option<String>,
) -> Result<PasswordChange, Vec<Problem>> {
    let mut errors = Vec::new();
    let current = browser::form_value(form, "current");
    if current.is_empty() {
        errors.push(field_error("Type the password you have now.", "current"));
    }
    let new = parse_new_password(form, name, &mut errors);
    if code.as_deref().is_some_and(|code| !is_complete_code(code)) {
        let missing = field_error("Type the code your authenticator app shows, or a recovery code.", "code");
        errors.push(Problem { title: "A code is missing".to_owned(), ..missing });
    }
    all_valid(PasswordChange { current: Sensitive::new(current), new, code: code.map(Sensitive::new) }, errors)
}

/// The contract calls the field `new`, the form calls it `password`.
fn to_form_field(mut problem: Problem) -> Problem {
    if problem.field.as_deref() == Some("new") {
        problem.field = Some("password".to_owned());
    }
    problem
}
