//! "Enable MFA": password, then the QR code, then the first code, then the recovery codes.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{
    Problem,
    mfa::{EnrolAnswer, EnrolRequest},
    names::Sensitive,
};
use wasm_bindgen::JsCast;

use super::recovery::Codes;
use crate::{
    api, browser,
    components::{CodeField, CopyButton, Countdown, Dialog, PasswordField, ProblemNote, Submit, dynamic},
    state::Account,
};

/// Where the wizard stands. Secrets live here only while it is open.
#[derive(Clone)]
enum Step {
    Password,
    Scan(EnrolAnswer),
    Codes(Vec<String>),
}

impl Step {
    const fn number(&self) -> usize {
        match self {
            Self::Password => 0,
            Self::Scan(_) => 1,
            Self::Codes(_) => 2,
        }
    }
}

/// The wizard.
#[component]
pub(super) fn EnrolDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! { <Dialog open title="Enable MFA".to_owned() wide=true firm=true testid="enrol-dialog"><Wizard open/></Dialog> }
        .into_any()
}

#[component]
fn Wizard(open: RwSignal<bool>) -> impl IntoView {
    let step = RwSignal::new(Step::Password);
    let number = Memo::new(move |_| step.with(Step::number));
    let done = Callback::new(move |()| open.set(false));
    let names = ["Confirm it is you", "Scan and enter a code", "Keep the recovery codes"];
    view! {
        <ol class="steps">
            {names.into_iter().enumerate().map(|(index, name)| view! {
                <li aria-current=move || (number.get() == index).then_some("step")><span class="step-number num">{index + 1}</span><span class="wide-only">{name}</span></li>
            }).collect_view()}
        </ol>
        {dynamic(move || match step.get() {
            Step::Password => view! { <PasswordStep step/> }.into_any(),
            Step::Scan(answer) => view! { <ScanStep step answer/> }.into_any(),
            Step::Codes(codes) => view! { <Codes codes done/> }.into_any(),
        })}
    }
    .into_any()
}

/// The password again; and, when an app is replaced, a code of the present one.
#[component]
fn PasswordStep(step: RwSignal<Step>) -> impl IntoView {
    let replaces = untrack(|| Account::get().mfa_enabled());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let code = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into()) else { return };
        let request = EnrolRequest {
            password: Sensitive::new(browser::form_value(&form, "password")),
            code: replaces.then(|| Sensitive::new(code.get_untracked())),
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = api::enrol(request).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(answer) => drop(step.try_set(Step::Scan(answer))),
                Err(refusal) if browser::left_for_login(&refusal) => {}
                Err(refusal) => drop(problem.try_set(Some(refusal))),
            }
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit data-testid="enrol-password-form">
            <PasswordField name="password" label="Your password" autocomplete="current-password" autofocus=true problem/>
            {replaces.then(|| view! { <CodeField code on_full=|()| () busy refused=Signal::derive(move || problem.get().is_some()) autofocus=false/> })}
            <ProblemNote problem fields=&["password"]/>
            <div class="form-actions"><Submit label="Continue".to_owned() busy testid="enrol-continue"/></div>
        </form>
    }
    .into_any()
}

#[component]
fn ScanStep(step: RwSignal<Step>, answer: EnrolAnswer) -> impl IntoView {
    let account = Account::get();
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
            let answer = api::confirm_mfa(&code.get_untracked()).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(answer) => {
                    let _ = step.try_set(Step::Codes(answer.recovery_codes));
                    account.refresh();
                }
                Err(refusal) if browser::left_for_login(&refusal) => {}
                Err(refusal) => drop(problem.try_set(Some(refusal))),
            }
        });
    });
    let secret = answer.secret.clone();
    view! {
        <form class="form" method="post" on:submit=move |event: SubmitEvent| { event.prevent_default(); send.run(()); } data-testid="enrol-code-form">
            <div class="enrol">
                <div class="qr" role="img" aria-label="QR code for your authenticator app" inner_html=answer.qr_svg data-testid="qr"></div>
                <div class="stack">
                    <p>"Scan this with your authenticator app. Or type the key in:"</p>
                    <code class="secret" data-testid="secret">{grouped(&secret)}</code>
                    <div class="page-tools">
                        <CopyButton text=secret label="Copy the key" testid="copy-secret"/>
                        <a class="btn btn-small" href=answer.otpauth_url rel="external">"Open in an app"</a>
                    </div>
                    <p class="field-hint">"Time-based, six digits, 30 seconds. This key is forgotten in " <Countdown until=Some(answer.expires_at)/> " unless you confirm it."</p>
                </div>
            </div>
            <CodeField recoverable=false code on_full=send busy refused=Signal::derive(move || problem.get().is_some())/>
            <ProblemNote problem/>
            <div class="form-actions"><Submit label="Confirm".to_owned() busy testid="enrol-confirm"/></div>
        </form>
    }
    .into_any()
}

/// The secret in groups of four, as people type it.
fn grouped(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
