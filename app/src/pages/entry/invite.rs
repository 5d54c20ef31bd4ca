//! One-time links: accept an invitation, or set a new password.

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    Problem,
    auth::{InviteAccept, InviteStatus, Role},
    names::Sensitive,
};
use web_sys::HtmlFormElement;

use super::{
    layout::EntryLayout,
    link_token::link_token,
    new_account::{FIELDS, NewPassword, NewUsername, parse_account, parse_new_password},
};
use crate::{
    api, browser,
    components::{Countdown, Form, Loading, dynamic},
    state::{Submission, all_valid},
};

/// `/invite#token=`. Without a token the server says that the link is not valid.
#[component]
pub(crate) fn InvitePage() -> impl IntoView {
    let token = link_token();
    let status = RwSignal::new(None::<Result<InviteStatus, Problem>>);
    Effect::new(move |_| {
        let Some(token) = token.get() else { return };
        spawn_local(async move {
            let result = api::invite_status(token).await;
            let _ = status.try_set(Some(result));
        });
    });
    let lead = Signal::derive(move || match status.get() {
        Some(Ok(InviteStatus { username: Some(name), .. })) => format!("Set a new password for {name}."),
        Some(Ok(InviteStatus { role: Role::Admin, .. })) => {
            "You are invited as an administrator. Choose a name and a password.".to_owned()
        }
        Some(Ok(_)) => "You are invited. Choose a name and a password.".to_owned(),
        Some(Err(problem)) if problem.status >= 500 => problem.detail,
        Some(Err(_)) => {
            "This link is not valid any more: it was used, taken back, or is too old. Ask the person who sent it for \
             a new one."
                .to_owned()
        }
        None => "Looking at your link…".to_owned(),
    });
    view! {
        <EntryLayout title="Welcome to Rexec" lead>
            {dynamic(move || match status.get() {
                None => view! { <Loading /> }.into_any(),
                Some(Err(problem)) => {
                    view! {
                        <a class="btn" href="/login" data-testid="problem-page" data-kind=problem.kind.slug()>
                            "Sign in"
                        </a>
                    }
                        .into_any()
                }
                Some(Ok(status)) => view! { <InviteForm token status /> }.into_any(),
            })}
        </EntryLayout>
    }
    .into_any()
}

#[component]
fn InviteForm(token: RwSignal<Option<Sensitive>>, status: InviteStatus) -> impl IntoView {
    let submission = Submission::new();
    let joins = status.username.is_none();
    let username_of_link = StoredValue::new(status.username);
    let send = move |form: HtmlFormElement| {
        let read = match username_of_link.get_value() {
            None => parse_account(&form).map(|(name, password)| (Some(name), password)),
            Some(name) => {
                let mut errors = Vec::new();
                let password = parse_new_password(&form, Some(&name), &mut errors);
                all_valid((None, password), errors)
            }
        };
        let Some((username, password)) = submission.validated(read) else { return };
        submission.run(async move {
            let token = token.get_untracked().unwrap_or_default();
            api::accept_invite(InviteAccept { token, username, password }).await?;
            // Redirects to the login page unless the server signed the user in.
            browser::navigate_away("/").await
        });
    };
    let expiry = move || {
        view! {
            <p class="field-hint">
                "This link expires in " <Countdown until=Some(status.expires_at) /> " or when it is used."
            </p>
        }
    };
    view! {
        <Form
            submission
            send
            label=if joins { "Join" } else { "Set password" }
            fields=FIELDS
            novalidate=true
            testid="invite-form"
            submit="invite-submit"
            footer=expiry
        >
            {joins.then(|| view! { <NewUsername submission /> })}
            <NewPassword submission />
        </Form>
    }
    .into_any()
}
