//! Sign-in: the password, then the code where the account has a factor.

use leptos::prelude::*;
use leptos_router::{components::Redirect, hooks::use_query_map};
use protocol::{
    Problem, ProblemKind,
    auth::{LoginRequest, LoginStatus, Me, SetupStatus},
    names::Sensitive,
};
use web_sys::HtmlFormElement;

use super::Entry;
use crate::{
    api, browser,
    components::{CodeForm, Fetched, Field, Form, Glyph, Icon, PasswordField, ask_once, dynamic, shown_either},
    state::Sending,
};

/// `/login`, with `?next=` leading to where the person wanted to go, and `?ended` where a page was open when its login ended.
#[component]
pub(crate) fn Login() -> impl IntoView {
    let asks_code = RwSignal::new(false);
    let query = use_query_map();
    let ended = move || query.with(|query| query.get_str("ended").is_some());
    let lead = Signal::derive(move || {
        if asks_code.get() {
            "Your password is right. Now the code of your authenticator app."
        } else if ended() {
            "Your login has ended: it was signed out, or it was too old. Sign in to go on where you were."
        } else {
            "Your terminals keep running while you are away."
        }
        .to_owned()
    });
    let setup = ask_once(api::text::setup_status);
    let show = shown_either(|status: Result<SetupStatus, Problem>| {
        let needed = status.is_ok_and(|status| status.needed);
        needed.then(|| view! { <NoAdministrator/> }).into_any()
    });
    let next = Signal::derive(move || browser::safe_next(query.with(|query| query.get("next"))));
    let sending = Sending::new();
    // Whoever is signed in already has no use for this page.
    let me = ask_once(api::text::me);
    let leave = shown_either(move |me: Result<Me, Problem>| {
        me.is_ok().then(|| view! { <Redirect path=next.get_untracked()/> }).into_any()
    });
    view! {
        <Fetched of=me show=leave waiting=|| ()/>
        <Entry title="Sign in" lead>
            <Fetched of=setup show waiting=|| ()/>
            {dynamic(move || if asks_code.get() {
                view! { <CodeStep asks_code sending next/> }.into_any()
            } else {
                view! { <PasswordStep asks_code sending next/> }.into_any()
            })}
        </Entry>
    }
    .into_any()
}

#[component]
fn NoAdministrator() -> impl IntoView {
    view! {
        <div class="note" data-testid="setup-needed">
            <Icon glyph=Glyph::Key/>
            <div>
                <p class="note-title">"No administrator yet"</p>
                <p>"The server printed a one-time set-up link when it started. Open that link to create the first account."</p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn PasswordStep(asks_code: RwSignal<bool>, sending: Sending, next: Signal<String>) -> impl IntoView {
    let send = move |form: HtmlFormElement| {
        let request = LoginRequest {
            username: browser::form_value(&form, "username").trim().to_owned(),
            password: Sensitive::new(browser::form_value(&form, "password")),
        };
        sending.send(async move {
            if api::login(request).await?.status == LoginStatus::MfaRequired {
                asks_code.set(true);
                return Ok(());
            }
            browser::leave_for(&next.get_untracked()).await
        });
    };
    let forgotten = || view! { <p class="field-note">"Forgotten? An administrator can give you a one-time link to set a new password."</p> };
    view! {
        <Form sending send label="Sign in" fields=&["username", "password"] testid="login-form" submit="login-submit" foot=forgotten>
            <Field name="username" label="Username" autocomplete="username" autofocus=true sending/>
            <PasswordField name="password" label="Password" autocomplete="current-password" sending/>
        </Form>
    }
    .into_any()
}

#[component]
fn CodeStep(asks_code: RwSignal<bool>, sending: Sending, next: Signal<String>) -> impl IntoView {
    let send = move |code: String| {
        sending.send(async move {
            let answer = api::login_code(&code).await;
            if answer.as_ref().is_err_and(|refusal| refusal.kind == ProblemKind::NotLoggedIn) {
                // The pending login itself ended: back to the password, with the reason.
                asks_code.set(false);
            }
            answer?;
            browser::leave_for(&next.get_untracked()).await
        });
    };
    let back = move |_| {
        sending.problems.set(Vec::new());
        asks_code.set(false);
    };
    let foot = move || view! { <button r#type="button" class="btn btn-ghost" on:click=back>"Back"</button> };
    view! { <CodeForm sending send label="Continue" testid="login-code-form" submit="login-code-submit" foot/> }
        .into_any()
}
