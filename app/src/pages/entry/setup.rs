//! First start: whoever holds the printed link creates the administrator.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use protocol::{
    Problem, ProblemKind,
    auth::{SetupRequest, SetupStatus},
    names::{Sensitive, Username},
};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::{Entry, password_hint};
use crate::{
    api, browser,
    components::{Fetched, Field, PasswordField, ProblemNote, Submit, ask_once, shown_either},
};

/// `/setup?token=`. The token leaves the address bar as soon as the page runs.
#[component]
pub(crate) fn Setup() -> impl IntoView {
    let token = use_query_map().with_untracked(|query| query.get("token")).unwrap_or_default();
    let status = ask_once(api::text::setup_status);
    let show = shown_either(move |status: Result<SetupStatus, Problem>| match status {
        Ok(status) if !status.needed => view! { <Done/> }.into_any(),
        _ => view! { <New token=token.clone()/> }.into_any(),
    });
    Effect::new(move |_| browser::hide_query());
    view! { <Fetched of=status show waiting=|| ()/> }.into_any()
}

#[component]
fn New(token: String) -> impl IntoView {
    let lead = "This server is new. The first account administers it; there is no default password.";
    view! {
        <Entry title="Create the administrator" lead=lead.to_owned()>
            <SetupForm token/>
        </Entry>
    }
    .into_any()
}

#[component]
fn Done() -> impl IntoView {
    let lead = "An administrator exists, so set-up links no longer work.";
    view! {
        <Entry title="Set up already" lead=lead.to_owned()>
            <a class="btn btn-primary" href="/login" data-testid="setup-done">
                "Sign in"
            </a>
        </Entry>
    }
    .into_any()
}

#[component]
fn SetupForm(token: String) -> impl IntoView {
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let no_token = token.is_empty();
    let token = StoredValue::new(Sensitive::new(token));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        match read_account(&form) {
            Err(refusal) => problem.set(Some(refusal)),
            Ok((username, password)) => {
                busy.set(true);
                problem.set(None);
                let request = SetupRequest { token: token.get_value(), username, password };
                spawn_local(async move {
                    match api::set_up(request).await {
                        Ok(_) => return browser::load_page("/"),
                        Err(refusal) => problem.set(Some(refusal)),
                    }
                    busy.set(false);
                });
            }
        }
    };
    view! {
        <form class="form" method="post" on:submit=submit data-testid="setup-form">
            {no_token.then(|| view! {
                <p class="note note-warning">"The link has no token. Copy the whole link the server printed when it started."</p>
            })}
            <Field name="username" label="Username" hint="3 to 32 of a-z, 0-9, dot, dash and underscore." autocomplete="username" autofocus=true maxlength=32 problem/>
            <PasswordField name="password" label="Password" hint=password_hint() autocomplete="new-password" problem/>
            <PasswordField name="repeat" label="Password, again" autocomplete="new-password" problem/>
            <ProblemNote problem fields=&["username", "password", "repeat"]/>
            <Submit label="Create administrator".to_owned() busy testid="setup-submit"/>
        </form>
    }
    .into_any()
}

/// Username and password of a form, checked as far as the browser can: the name's form, and that both passwords agree.
///
/// # Errors
/// The refusal, at its field.
pub(super) fn read_account(form: &HtmlFormElement) -> Result<(Username, Sensitive), Problem> {
    let username = Username::parse(&browser::form_value(form, "username"))
        .map_err(|bad| Problem::new(ProblemKind::BadRequest, bad.0).at("username"))?;
    Ok((username, read_new_password(form)?))
}

/// A new password typed twice.
///
/// # Errors
/// The refusal, at its field.
pub(crate) fn read_new_password(form: &HtmlFormElement) -> Result<Sensitive, Problem> {
    let password = browser::form_value(form, "password");
    let refuse = |words: &str, field| Err(Problem::new(ProblemKind::BadRequest, words).at(field));
    if password.chars().count() < *protocol::limits::PASSWORD_CHARS.start() {
        return refuse("Too short: at least 8 characters, better 15.", "password");
    }
    if password != browser::form_value(form, "repeat") {
        return refuse("The two passwords are not the same. Type the second one again.", "repeat");
    }
    Ok(Sensitive::new(password))
}
