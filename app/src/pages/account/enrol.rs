//! Enrolment of an authenticator app: password, QR code, first code, recovery codes.

use leptos::prelude::*;
use protocol::{
    limits::ENROLMENT_SECS,
    mfa::{EnrolAnswer, EnrolRequest},
    names::Sensitive,
};
use web_sys::HtmlFormElement;

use super::recovery::RecoveryCodes;
use crate::{
    api, browser,
    components::{CodeField, CodeForm, CopyButton, Countdown, Dialog, Form, PasswordField, dynamic, is_complete_code},
    state::{Account, Submission},
};

/// The step of the wizard. Secrets exist only while the dialog is open.
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
    let step = RwSignal::new(Step::Password);
    // Each opening starts at the first step.
    Effect::new(move |_| {
        if !open.get() {
            step.set(Step::Password);
        }
    });
    let closable = Signal::derive(move || !step.with(|step| matches!(step, Step::Codes(_))));
    let account = Account::get();
    let title = Signal::derive(move || if account.mfa_enabled() { "Replace the app" } else { "Enable MFA" }.to_owned());
    view! {
        <Dialog open title wide=true persistent=true closable testid="enrol-dialog">
            <Wizard open step />
        </Dialog>
    }
    .into_any()
}

#[component]
fn Wizard(open: RwSignal<bool>, step: RwSignal<Step>) -> impl IntoView {
    let number = Memo::new(move |_| step.with(Step::number));
    let done = Callback::new(move |()| {
        open.set(false);
        browser::focus_next_frame("#content");
    });
    let names = ["Confirm it is you", "Scan and enter a code", "Keep the recovery codes"];
    view! {
        <ol class="steps">
            {names
                .into_iter()
                .enumerate()
                .map(|(index, name)| {
                    view! {
                        <li aria-current=move || (number.get() == index).then_some("step")>
                            <span class="step-number num">{index + 1}</span>
                            <span class="wide-only">{name}</span>
                        </li>
                    }
                })
                .collect_view()}
        </ol>
        {dynamic(move || match step.get() {
            Step::Password => view! { <PasswordStep open step /> }.into_any(),
            Step::Scan(answer) => view! { <ScanStep open step answer /> }.into_any(),
            Step::Codes(codes) => view! { <RecoveryCodes codes done /> }.into_any(),
        })}
    }
    .into_any()
}

/// The password, and a current code when an app is replaced.
#[component]
fn PasswordStep(open: RwSignal<bool>, step: RwSignal<Step>) -> impl IntoView {
    let replacing = untrack(|| Account::get().mfa_enabled());
    let submission = Submission::new();
    let code = RwSignal::new(String::new());
    let incomplete = Signal::derive(move || replacing && code.with(|code| !is_complete_code(code)));
    let send = move |form: HtmlFormElement| {
        let request = EnrolRequest {
            password: Sensitive::new(browser::form_value(&form, "password")),
            code: replacing.then(|| Sensitive::new(code.get_untracked())),
        };
        submission.run(async move {
            let answer = api::enrol(request).await?;
            // Ignored if the dialog was closed in the meantime.
            if open.try_get_untracked() == Some(true) {
                step.set(Step::Scan(answer));
            }
            Ok(())
        });
    };
    view! {
        <Form
            submission
            send
            label="Continue"
            disabled=incomplete
            fields=&["password"]
            testid="enrol-password-form"
            submit="enrol-continue"
        >
            <PasswordField
                name="password"
                label="Your password"
                autocomplete="current-password"
                autofocus=true
                submission
            />
            {replacing.then(|| view! { <CodeField submission code autofocus=false /> })}
        </Form>
    }
    .into_any()
}

#[component]
fn ScanStep(open: RwSignal<bool>, step: RwSignal<Step>, answer: EnrolAnswer) -> impl IntoView {
    let account = Account::get();
    let submission = Submission::new();
    let send = move |code: String| {
        submission.run(async move {
            let answer = api::confirm_mfa(&code).await?;
            let _ = step.try_set(Step::Codes(answer.recovery_codes));
            // Reopens the dialog if it was closed in the meantime: recovery codes are shown only once.
            let _ = open.try_set(true);
            account.refresh();
            Ok(())
        });
    };
    let secret = answer.secret.clone();
    view! {
        <CodeForm submission send label="Confirm" allow_recovery=false testid="enrol-code-form" submit="enrol-confirm">
            <div class="enrol">
                <div
                    class="qr"
                    role="img"
                    aria-label="QR code for your authenticator app"
                    inner_html=answer.qr_svg
                    data-testid="qr"
                ></div>
                <div class="stack">
                    <p>"Scan this with your authenticator app. Or type the key in:"</p>
                    <code class="secret" data-testid="secret">
                        {group_secret(&secret)}
                    </code>
                    <div class="page-tools">
                        <CopyButton text=secret label="Copy the key" testid="copy-secret" />
                        <a class="btn btn-small" href=answer.otpauth_url rel="external">
                            "Open in an app"
                        </a>
                    </div>
                    <p class="field-hint">
                        "Time-based, six digits, 30 seconds. This key is forgotten in "
                        <Countdown until=Some(answer.expires_at) max_secs=i64::from(ENROLMENT_SECS) />
                        " unless you confirm it."
                    </p>
                </div>
            </div>
        </CodeForm>
    }
    .into_any()
}

/// The secret in groups of four characters, for typing.
fn group_secret(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
