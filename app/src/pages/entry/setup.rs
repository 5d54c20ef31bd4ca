//! First start: the set-up link creates the administrator.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use protocol::{
    Problem,
    auth::{SetupRequest, SetupStatus},
    names::Sensitive,
};
use web_sys::HtmlFormElement;

use super::{
    layout::EntryLayout,
    new_account::{FIELDS, NewPassword, NewUsername, parse_account},
};
use crate::{
    api, browser,
    components::{Fetch, Fetched, Form},
    state::Submission,
};

/// `/setup?token=`. The token is removed from the address bar after hydration.
#[component]
pub(crate) fn SetupPage() -> impl IntoView {
    let token = use_query_map().with_untracked(|query| query.get("token")).unwrap_or_default();
    let fetch = Fetch::with_errors(api::setup_status, move |status: Result<SetupStatus, Problem>| match status {
        Ok(status) if !status.needed => view! { <AlreadySetUp /> }.into_any(),
        _ => view! { <CreateAdministrator token=token.clone() /> }.into_any(),
    });
    Effect::new(move |_| browser::clear_query());
    view! { <Fetched fetch placeholder=|| () /> }.into_any()
}

#[component]
fn CreateAdministrator(token: String) -> impl IntoView {
    let lead = "This server is new. The first account administers it; there is no default password.";
    view! {
        <EntryLayout title="Create the administrator" lead=lead.to_owned()>
            {if token.is_empty() {
                view! {
                    <p class="note note-warning">
                        "The link has no token. Copy the whole link the server printed when it started; each start \
                         prints a new one until there is an administrator."
                    </p>
                }
                    .into_any()
            } else {
                view! { <SetupForm token /> }.into_any()
            }}
        </EntryLayout>
    }
    .into_any()
}

#[component]
fn AlreadySetUp() -> impl IntoView {
    let lead = "An administrator exists, so set-up links no longer work.";
    view! {
        <EntryLayout title="Set up already" lead=lead.to_owned()>
            <a class="btn btn-primary" href="/login" data-testid="setup-done">
                "Sign in"
            </a>
        </EntryLayout>
    }
    .into_any()
}

#[component]
fn SetupForm(token: String) -> impl IntoView {
    let submission = Submission::new();
    let token = StoredValue::new(Sensitive::new(token));
    let send = move |form: HtmlFormElement| {
        let Some((username, password)) = submission.validated(parse_account(&form)) else { return };
        submission.run(async move {
            api::set_up(SetupRequest { token: token.get_value(), username, password }).await?;
            browser::navigate_away("/").await
        });
    };
    view! {
        <Form
            submission
            send
            label="Create administrator"
            fields=FIELDS
            novalidate=true
            testid="setup-form"
            submit="setup-submit"
        >
            <NewUsername submission />
            <NewPassword submission />
        </Form>
    }
    .into_any()
}
