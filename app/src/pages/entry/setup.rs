//! First start: whoever holds the printed link creates the administrator.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use protocol::{
    Problem,
    auth::{SetupRequest, SetupStatus},
    names::Sensitive,
};
use web_sys::HtmlFormElement;

use super::{
    Entry,
    new_account::{FIELDS, NewPassword, NewUsername, read_account},
};
use crate::{
    api, browser,
    components::{Fetched, Form, ask_once, shown_either},
    state::Sending,
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
            {if token.is_empty() {
                view! { <p class="note note-warning">"The link has no token. Copy the whole link the server printed when it started; each start prints a new one until there is an administrator."</p> }.into_any()
            } else {
                view! { <SetupForm token/> }.into_any()
            }}
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
    let sending = Sending::new();
    let token = StoredValue::new(Sensitive::new(token));
    let send = move |form: HtmlFormElement| {
        let Some((username, password)) = sending.checked(read_account(&form)) else { return };
        sending.send(async move {
            api::set_up(SetupRequest { token: token.get_value(), username, password }).await?;
            browser::leave_for("/").await
        });
    };
    view! {
        <Form sending send label="Create administrator" fields=FIELDS checks=true testid="setup-form" submit="setup-submit">
            <NewUsername sending/>
            <NewPassword sending/>
        </Form>
    }
    .into_any()
}
