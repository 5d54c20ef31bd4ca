//! Name and password of an account that is made, or a password that is made anew: fields, and reading them.

use leptos::prelude::*;
use protocol::{
    Problem, ProblemKind,
    limits::{PASSWORD_CHARS, PASSWORD_LONG_CHARS, USERNAME_CHARS},
    names::{Sensitive, Username},
    password,
};
use web_sys::HtmlFormElement;

use crate::{
    browser,
    components::{Field, PasswordField},
    state::Sending,
};

/// The fields that show their own refusals.
pub(super) const FIELDS: &[&str] = &["username", "password", "repeat"];

/// The name of a new account.
#[component]
pub(super) fn NewUsername(
    /// The form it stands in.
    sending: Sending,
) -> impl IntoView {
    let (least, most) = (USERNAME_CHARS.start(), USERNAME_CHARS.end());
    let hint = format!("{least} to {most} of a-z, 0-9, dot, dash and underscore; it starts with a letter.");
    view! { <Field name="username" label="Username" hint autocomplete="username" autofocus=true sending/> }.into_any()
}

/// A new password, typed twice.
#[component]
pub(crate) fn NewPassword(
    /// What it is called.
    #[prop(default = "Password")]
    label: &'static str,
    /// The form it stands in.
    sending: Sending,
) -> impl IntoView {
    let (least, most) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
    let hint = format!(
        "{least} to {most} characters of any kind; a sentence of {PASSWORD_LONG_CHARS} or more is best. \
         Not a common password, not one character again and again, and without your username or the word rexec."
    );
    view! {
        <PasswordField name="password" label hint autocomplete="new-password" sending/>
        <PasswordField name="repeat" label=format!("{label}, again") autocomplete="new-password" sending/>
    }
    .into_any()
}

/// Something typed that does not work, at its field.
pub(crate) fn mistake(words: &str, field: &str) -> Problem {
    Problem::new(ProblemKind::BadRequest, words).at(field)
}

/// Name and password, checked as far as the browser can: all but whether the password is a common one.
///
/// # Errors
/// Every mistake, at its field.
pub(super) fn read_account(form: &HtmlFormElement) -> Result<(Username, Sensitive), Vec<Problem>> {
    let mut mistakes = Vec::new();
    let username = match Username::parse(&browser::form_value(form, "username")) {
        Ok(username) => Some(username),
        Err(bad) => {
            mistakes.push(mistake(bad.0, "username"));
            None
        }
    };
    let password = read_new_password(form, username.as_ref(), &mut mistakes);
    match username {
        Some(username) if mistakes.is_empty() => Ok((username, password)),
        _ => Err(mistakes),
    }
}

/// The password, of an account that has this name, where it has one; what is wrong with it joins the `mistakes`.
pub(crate) fn read_new_password(
    form: &HtmlFormElement,
    name: Option<&Username>,
    mistakes: &mut Vec<Problem>,
) -> Sensitive {
    let password = browser::form_value(form, "password");
    if let Err(bad) = password::check(&password, name) {
        mistakes.push(mistake(bad.0, "password"));
    }
    if password != browser::form_value(form, "repeat") {
        mistakes.push(mistake("The two passwords are not the same. Type the second one again.", "repeat"));
    }
    Sensitive::new(password)
}
