//! Sign-in: the password, then the code where the account has a factor.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use protocol::{
    Problem, ProblemKind,
    auth::{LoginRequest, LoginStatus, SetupStatus},
    names::Sensitive,
};
use wasm_bindgen::JsCast;

use super::Entry;
use crate::{
    api, browser,
    components::{
        CodeField, Fetched, Field, Glyph, Icon, PasswordField, ProblemNote, Submit, ask_once, dynamic, shown_either,
    },
};

/// `/login`, with `?next=` leading to where the person wanted to go.
#[component]
pub(crate) fn Login() -> impl IntoView {
    let asks_code = RwSignal::new(false);
    let lead = Signal::derive(move || {
        if asks_code.get() {
            "Your password is right. Now the code of your authenticator app."
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
    let query = use_query_map();
    let enter = Callback::new(move |()| {
        browser::load_page(&browser::safe_next(query.with_untracked(|query| query.get("next"))));
    });
    view! {
        <Entry title="Sign in" lead>
            <Fetched of=setup show waiting=|| ()/>
            {dynamic(move || if asks_code.get() {
                view! { <CodeStep asks_code enter/> }.into_any()
            } else {
                view! { <PasswordStep asks_code enter/> }.into_any()
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
fn PasswordStep(asks_code: RwSignal<bool>, enter: Callback<()>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into()) else { return };
        let request = LoginRequest {
            username: browser::form_value(&form, "username").trim().to_owned(),
            password: Sensitive::new(browser::form_value(&form, "password")),
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::login(request).await {
                Ok(answer) if answer.status == LoginStatus::MfaRequired => asks_code.set(true),
                Ok(_) => return enter.run(()),
                Err(refusal) => problem.set(Some(refusal)),
            }
            busy.set(false);
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit data-testid="login-form">
            <Field name="username" label="Username" autocomplete="username" autofocus=true problem/>
            <PasswordField name="password" label="Password" autocomplete="current-password" problem/>
            <ProblemNote problem fields=&["username", "password"]/>
            <Submit label="Sign in".to_owned() busy testid="login-submit"/>
            <p class="field-note">"Forgotten? An administrator can give you a one-time link to set a new password."</p>
        </form>
    }
    .into_any()
}

#[component]
fn CodeStep(asks_code: RwSignal<bool>, enter: Callback<()>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let code = RwSignal::new(String::new());
    let send = Callback::new(move |()| {
        if busy.get_untracked() || code.with_untracked(String::is_empty) {
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api::login_code(&code.get_untracked()).await {
                Ok(_) => return enter.run(()),
                // The pending login itself ended: back to the password, with the reason.
                Err(refusal) if refusal.kind == ProblemKind::NotLoggedIn => asks_code.set(false),
                Err(refusal) => problem.set(Some(refusal)),
            }
            let _ = busy.try_set(false);
        });
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send.run(());
    };
    view! {
        <form class="form" method="post" on:submit=submit data-testid="login-code-form">
            <CodeField code on_full=send busy refused=Signal::derive(move || problem.get().is_some())/>
            <ProblemNote problem/>
            <Submit label="Continue".to_owned() busy testid="login-code-submit"/>
            <button r#type="button" class="btn btn-ghost" on:click=move |_| asks_code.set(false)>"Back"</button>
        </form>
    }
    .into_any()
}
