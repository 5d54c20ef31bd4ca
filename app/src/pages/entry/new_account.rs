//! Fields for the name and password of a new account, or for a new password.

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
    state::Submission,
};

/// Fields that show their own errors.
pub(super) const FIELDS: &[&str] = &["username", "password", "repeat"];

/// The username of a new account.
#[component]
pub(super) fn NewUsername(
    /// State of the form.
    submission: Submission,
) -> impl IntoView {
    let (min, max) = (USERNAME_CHARS.start(), USERNAME_CHARS.end());
    let hint = format!("{min} to {max} of a-z, 0-9, dot, dash and underscore; it starts with a letter.");
    view! { <Field name="username" label="Username" hint autocomplete="username" autofocus=true submission /> }
        .into_any()
}

/// A new password, typed twice.
#[component]
pub(crate) fn NewPassword(
    /// Label.
    #[prop(default = "Password")]
    label: &'static str,
    /// State of the form.
    submission: Submission,
) -> impl IntoView {
    let (min, max) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
    let hint = format!(
        "{min} to {max} characters of any kind; a sentence of {PASSWORD_LONG_CHARS} or more is best. \
         Not a common password, not one character again and again, and without your username or the word rexec."
    );
    view! {
        <PasswordField name="password" label hint autocomplete="new-password" submission />
        <PasswordField name="repeat" label=format!("{label}, again") autocomplete="new-password" submission />
    }
    .into_any()
}

/// A problem of one field.
pub(crate) fn field_error(detail: &str, field: &str) -> Problem {
    Problem::new(ProblemKind::BadRequest, detail).with_field(field)
}

/// Parses name and password. The server checks in addition whether the password is a common one.
///
/// # Errors
/// All errors, each with its field.
pub(super) fn parse_account(form: &HtmlFormElement) -> Result<(Username, Sensitive), Vec<Problem>> {
    let mut errors = Vec::new();
    let username = match Username::parse(&browser::form_value(form, "username")) {
        Ok(username) => Some(username),
        Err(bad) => {
            errors.push(field_error(bad.0, "username"));
            None
        }
    };
    let password = parse_new_password(form, username.as_ref(), &mut errors);
    match username {
        Some(username) if errors.is_empty() => Ok((username, password)),
        _ => Err(errors),
    }
}

/// Parses the new password of the account `name`, if it has a name. Adds its errors to `errors`.
pub(crate) fn parse_new_password(
    form: &HtmlFormElement,
    name: Option<&Username>,
    errors: &mut Vec<Problem>,
) -> Sensitive {
    let password = browser::form_value(form, "password");
    if let Err(bad) = password::check(&password, name) {
        errors.push(field_error(bad.0, "password"));
    }
    if password != browser::form_value(form, "repeat") {
        errors.push(field_error("The two passwords are not the same. Type the second one again.", "repeat"));
    }
    Sensitive::new(password)
}
