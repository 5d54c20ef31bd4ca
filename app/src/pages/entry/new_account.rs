//! Name and password of an account that is made, or a password that is made anew: fields, and reading them.

use leptos::prelude::*;
use protocol::{
    Problem, ProblemKind,
    limits::PASSWORD_CHARS,
    names::{Sensitive, Username},
};
use web_sys::HtmlFormElement;

use crate::{
    browser,
    components::{Field, PasswordField},
};

/// The fields that show their own refusals.
pub(super) const FIELDS: &[&str] = &["username", "password", "repeat"];

/// The name of a new account.
#[component]
pub(super) fn NewUsername(
    /// The form's refusal.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    view! { <Field name="username" label="Username" hint="3 to 32 of a-z, 0-9, dot, dash and underscore." autocomplete="username" autofocus=true maxlength=32 problem/> }
        .into_any()
}

/// A new password, typed twice.
#[component]
pub(crate) fn NewPassword(
    /// What it is called.
    #[prop(default = "Password")]
    label: &'static str,
    /// The form's refusal.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let (least, most) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
    let hint = format!("{least} to {most} characters. A sentence of 15 or more is best; any characters are fine.");
    view! {
        <PasswordField name="password" label hint autocomplete="new-password" problem/>
        <PasswordField name="repeat" label=format!("{label}, again") autocomplete="new-password" problem/>
    }
    .into_any()
}

/// Name and password, checked as far as the browser can: the name's form, and that both passwords agree.
///
/// # Errors
/// The refusal, at its field.
pub(super) fn read_account(form: &HtmlFormElement) -> Result<(Username, Sensitive), Problem> {
    let username = Username::parse(&browser::form_value(form, "username"))
        .map_err(|bad| Problem::new(ProblemKind::BadRequest, bad.0).at("username"))?;
    Ok((username, read_new_password(form)?))
}

/// The password.
///
/// # Errors
/// The refusal, at its field.
pub(crate) fn read_new_password(form: &HtmlFormElement) -> Result<Sensitive, Problem> {
    let password = browser::form_value(form, "password");
    let refuse = |words: &str, field| Err(Problem::new(ProblemKind::BadRequest, words).at(field));
    let length = password.chars().count();
    if length < *PASSWORD_CHARS.start() {
        return refuse("Too short: at least 8 characters, better 15.", "password");
    }
    if length > *PASSWORD_CHARS.end() {
        return refuse("Too long: at most 128 characters.", "password");
    }
    if password != browser::form_value(form, "repeat") {
        return refuse("The two passwords are not the same. Type the second one again.", "repeat");
    }
    Ok(Sensitive::new(password))
}
