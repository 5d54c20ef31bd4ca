//! Sign-in: the password, then a code if the account has a second factor.

use leptos::prelude::*;
use leptos_router::{components::Redirect, hooks::use_query_map};
use protocol::{
    Problem, ProblemKind,
    auth::{LoginRequest, LoginStatus, Me, SetupStatus},
    names::Sensitive,
};
use web_sys::HtmlFormElement;

use super::layout::EntryLayout;
use crate::{
    api, browser,
    components::{CodeForm, Fetch, Fetched, Field, Form, Glyph, Icon, PasswordField, dynamic},
    state::Submission,
};

/// `/login`. `?next=` is the page to open afterwards; `?ended` says that the login of an open page expired.
#[component]
pub(crate) fn LoginPage() -> impl IntoView {
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
    let setup = Fetch::with_errors(api::setup_status, |status: Result<SetupStatus, Problem>| {
        let needed = status.is_ok_and(|status| status.needed);
        needed.then(|| view! { <NoAdministrator /> }).into_any()
    });
    let next = Signal::derive(move || browser::safe_redirect_path(query.with(|query| query.get("next"))));
    let submission = Submission::new();
    // Signed-in users are redirected.
    let me = Fetch::with_errors(api::me, move |me: Result<Me, Problem>| {
        me.is_ok().then(|| view! { <Redirect path=next.get_untracked() /> }).into_any()
    });
    view! {
        <Fetched fetch=me placeholder=|| () />
        <EntryLayout title="Sign in" lead>
            <Fetched fetch=setup placeholder=|| () />
            {dynamic(move || {
                if asks_code.get() {
                    view! { <CodeStep asks_code submission next /> }.into_any()
                } else {
                    view! { <PasswordStep asks_code submission next /> }.into_any()
                }
            })}
        </EntryLayout>
    }
    .into_any()
}

#[component]
fn NoAdministrator() -> impl IntoView {
    view! {
        <div class="note" data-testid="setup-needed">
            <Icon glyph=Glyph::Key />
            <div>
                <p class="note-title">"No administrator yet"</p>
                <p>
                    "The server printed a one-time set-up link when it started. Open that link to create the first \
                     account."
                </p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn PasswordStep(asks_code: RwSignal<bool>, submission: Submission, next: Signal<String>) -> impl IntoView {
    let send = move |form: HtmlFormElement| {
        let request = LoginRequest {
            username: browser::form_value(&form, "username").trim().to_owned(),
            password: Sensitive::new(browser::form_value(&form, "password")),
        };
        submission.run(async move {
            if api::login(request).await?.status == LoginStatus::MfaRequired {
                asks_code.set(true);
                return Ok(());
            }
            browser::navigate_away(&next.get_untracked()).await
        });
    };
    let forgotten = "Forgotten? An administrator can give you a one-time link to set a new password.";
    let footer = move || view! { <p class="field-note">{forgotten}</p> };
    view! {
        <Form
            submission
            send
            label="Sign in"
            fields=&["username", "password"]
            testid="login-form"
            submit="login-submit"
            footer
        >
            <Field name="username" label="Username" autocomplete="username" autofocus=true submission />
            <PasswordField name="password" label="Password" autocomplete="current-password" submission />
        </Form>
    }
    .into_any()
}

#[component]
fn CodeStep(asks_code: RwSignal<bool>, submission: Submission, next: Signal<String>) -> impl IntoView {
    let send = move |code: String| {
        submission.run(async move {
            let result = api::login_code(&code).await;
            if result.as_ref().is_err_and(|problem| problem.kind == ProblemKind::NotLoggedIn) {
                // The pending login expired: back to the password, with the reason.
                asks_code.set(false);
            }
            result?;
            browser::navigate_away(&next.get_untracked()).await
        });
    };
    let back = move |_| {
        submission.problems.set(Vec::new());
        asks_code.set(false);
    };
    let footer = move || {
        view! {
            <button r#type="button" class="btn btn-ghost" on:click=back>
                "Back"
            </button>
        }
    };
    view! { <CodeForm submission send label="Continue" testid="login-code-form" submit="login-code-submit" footer /> }
        .into_any()
}
