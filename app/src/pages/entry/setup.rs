//! First start: the set-up link creates the administrator.

use leptos::prelude::*;
use protocol::{
    Problem,
    auth::{SetupRequest, SetupStatus},
    names::Sensitive,
};
use web_sys::HtmlFormElement;

use super::{
    layout::EntryLayout,
    link_token::link_token,
    new_account::{FIELDS, NewPassword, NewUsername, parse_account},
};
use crate::{
    api, browser,
    components::{Fetch, Fetched, Form, Show},
    state::Submission,
};

/// `/setup#token=`.
#[component]
pub(crate) fn SetupPage() -> impl IntoView {
    let token = link_token();
    let fetch = Fetch::with_errors(api::setup_status, move |status: Result<SetupStatus, Problem>| match status {
        Ok(status) if !status.needed => view! { <AlreadySetUp /> }.into_any(),
        _ => view! { <CreateAdministrator token /> }.into_any(),
    });
    view! { <Fetched fetch placeholder=|| () /> }.into_any()
}

#[component]
fn CreateAdministrator(token: RwSignal<Option<Sensitive>>) -> impl IntoView {
    let lead = "This server is new. The first account administers it; there is no default password.";
    let missing = move || token.with(|token| token.as_ref().is_some_and(|token| token.reveal().is_empty()));
    view! {
        <EntryLayout title="Create the administrator" lead=lead.to_owned()>
            <Show when=missing fallback=move || view! { <SetupForm token /> }>
                <p class="note note-warning">
                    "The link has no token. Copy the whole link the server printed when it started; each start prints \
                     a new one until there is an administrator."
                </p>
            </Show>
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
fn SetupForm(token: RwSignal<Option<Sensitive>>) -> impl IntoView {
    let submission = Submission::new();
    let send = move |form: HtmlFormElement| {
        let Some((username, password)) = submission.validated(parse_account(&form)) else { return };
        submission.run(async move {
            let token = token.get_untracked().unwrap_or_default();
            api::set_up(SetupRequest { token, username, password }).await?;
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
