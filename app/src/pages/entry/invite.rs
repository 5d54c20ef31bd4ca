//! One-time links: joining, or setting a new password.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use protocol::{
    Problem,
    auth::{InviteAccept, InviteStatus, Role},
    names::Sensitive,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::{
    Entry, password_hint,
    setup::{read_account, read_new_password},
};
use crate::{
    api, browser,
    components::{Countdown, Field, Loading, PasswordField, ProblemNote, ProblemPage, Submit, dynamic},
};

/// `/invite?token=`. The token leaves the address bar as soon as the page runs, and is asked about by the browser only.
#[component]
pub(crate) fn Invite() -> impl IntoView {
    let token = StoredValue::new(use_query_map().with_untracked(|query| query.get("token")).unwrap_or_default());
    let status = RwSignal::new(None::<Result<InviteStatus, Problem>>);
    Effect::new(move |_| {
        browser::hide_query();
        spawn_local(async move {
            let answer = api::invite_status(&token.get_value()).await;
            let _ = status.try_set(Some(answer));
        });
    });
    let lead = Signal::derive(move || match status.get() {
        Some(Ok(InviteStatus { username: Some(name), .. })) => format!("Set a new password for {name}."),
        Some(Ok(InviteStatus { role: Role::Admin, .. })) => {
            "You are invited as an administrator. Choose a name and a password.".to_owned()
        }
        Some(Ok(_)) => "You are invited. Choose a name and a password.".to_owned(),
        Some(Err(_)) => String::new(),
        None => "Looking at your link…".to_owned(),
    });
    view! {
        <Entry title="Welcome to Rexec" lead>
            {dynamic(move || match status.get() {
                None => view! { <Loading/> }.into_any(),
                Some(Err(problem)) => view! { <ProblemPage problem/> }.into_any(),
                Some(Ok(status)) => view! { <InviteForm token=token.get_value() status/> }.into_any(),
            })}
        </Entry>
    }
    .into_any()
}

#[component]
fn InviteForm(token: String, status: InviteStatus) -> impl IntoView {
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let joins = status.username.is_none();
    let token = StoredValue::new(Sensitive::new(token));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into::<HtmlFormElement>()) else { return };
        let read = if joins {
            read_account(&form).map(|(name, password)| (Some(name), password))
        } else {
            read_new_password(&form).map(|password| (None, password))
        };
        match read {
            Err(refusal) => problem.set(Some(refusal)),
            Ok((username, password)) => {
                busy.set(true);
                problem.set(None);
                let request = InviteAccept { token: token.get_value(), username, password };
                spawn_local(async move {
                    match api::accept_invite(request).await {
                        // Also right when the server signed the person in: the login page leads on.
                        Ok(_) => return browser::load_page("/"),
                        Err(refusal) => problem.set(Some(refusal)),
                    }
                    busy.set(false);
                });
            }
        }
    };
    view! {
        <form class="form" method="post" on:submit=submit data-testid="invite-form">
            {joins.then(|| view! {
                <Field name="username" label="Username" hint="3 to 32 of a-z, 0-9, dot, dash and underscore." autocomplete="username" autofocus=true maxlength=32 problem/>
            })}
            <PasswordField name="password" label="Password" hint=password_hint() autocomplete="new-password" problem/>
            <PasswordField name="repeat" label="Password, again" autocomplete="new-password" problem/>
            <ProblemNote problem fields=&["username", "password", "repeat"]/>
            <Submit label=(if joins { "Join" } else { "Set password" }).to_owned() busy testid="invite-submit"/>
            <p class="field-hint">"This link dies in " <Countdown until=Some(status.expires_at)/> " or when it is used."</p>
        </form>
    }
    .into_any()
}
