//! The second factor of the account.

use leptos::prelude::*;
use web_sys::HtmlFormElement;

use super::{enrol::EnrolDialog, recovery::RecoveryDialog};
use crate::{
    api,
    components::{CodeField, Dialog, Form, Glyph, Icon, Section, Show, is_complete_code},
    state::{Account, Hydrated, Submission, Toasts},
};

/// The section.
#[component]
pub(super) fn Security() -> impl IntoView {
    let account = Account::get();
    let enabled = Memo::new(move |_| account.mfa_enabled());
    let enrolling = RwSignal::new(false);
    view! {
        <Section
            title="Security"
            lead="A second factor protects your sign-in, and it is the key to every terminal you lock."
            testid="account-security"
        >
            <Show when=move || enabled.get() fallback=move || view! { <MfaDisabled enrolling /> }>
                <MfaEnabled enrolling />
            </Show>
            <EnrolDialog open=enrolling />
        </Section>
    }
    .into_any()
}

#[component]
fn MfaDisabled(enrolling: RwSignal<bool>) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <div class="box box-narrow" data-testid="mfa-off">
            <div class="box-head">
                <h2>"Authenticator app"</h2>
                <span class="tag tag-warning">"Not enabled"</span>
            </div>
            <p class="muted">
                "With it, signing in asks for a six-digit code, and any running terminal can be locked: nobody sees \
                 or types a byte in it without a fresh code - not even someone with your password or your open session."
            </p>
            <p class="muted">
                "You need an app that shows such codes: Aegis, 2FAS, 1Password, Google or Microsoft Authenticator, or \
                 any other."
            </p>
            <div>
                <button
                    r#type="button"
                    class="btn btn-primary"
                    disabled=pending
                    on:click=move |_| enrolling.set(true)
                    data-testid="enable-mfa"
                >
                    <Icon glyph=Glyph::Shield />
                    "Enable MFA"
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn MfaEnabled(enrolling: RwSignal<bool>) -> impl IntoView {
    let pending = Hydrated::pending();
    let disabling = RwSignal::new(false);
    view! {
        <div class="box box-narrow" data-testid="mfa-on">
            <div class="box-head">
                <h2>"Authenticator app"</h2>
                <span class="tag tag-good">
                    <Icon glyph=Glyph::Check />
                    "Enabled"
                </span>
            </div>
            <p class="muted">"Signing in asks for a code, and you can lock terminals."</p>
            <div class="page-tools">
                <button
                    r#type="button"
                    class="btn"
                    disabled=pending
                    on:click=move |_| enrolling.set(true)
                    data-testid="replace-mfa"
                >
                    "Replace the app"
                </button>
                <button
                    r#type="button"
                    class="btn"
                    disabled=pending
                    on:click=move |_| disabling.set(true)
                    data-testid="disable-mfa"
                >
                    "Disable MFA"
                </button>
            </div>
        </div>
        <RecoveryBox />
        <DisableDialog open=disabling />
    }
    .into_any()
}

#[component]
fn RecoveryBox() -> impl IntoView {
    let account = Account::get();
    let pending = Hydrated::pending();
    let renewing = RwSignal::new(false);
    let left = Memo::new(move |_| account.me().map_or(0, |me| me.recovery_codes_left));
    view! {
        <div class="box box-narrow" data-testid="recovery">
            <div class="box-head">
                <h2>"Recovery codes"</h2>
                <span class="tag num" class:tag-warning=move || left.get() < 4 data-testid="recovery-left">
                    {move || left.get()}
                    " of 10 left"
                </span>
            </div>
            <p class="muted">
                "Each works once, wherever a code is asked for. They are for the day the phone is gone. Making new \
                 ones ends your other login sessions."
            </p>
            <div>
                <button
                    r#type="button"
                    class="btn"
                    disabled=pending
                    on:click=move |_| renewing.set(true)
                    data-testid="new-codes"
                >
                    "Make new codes"
                </button>
            </div>
        </div>
        <RecoveryDialog open=renewing />
    }
    .into_any()
}

#[component]
fn DisableDialog(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open title="Disable MFA?".to_owned() testid="disable-dialog">
            <DisableForm open />
        </Dialog>
    }
    .into_any()
}

#[component]
fn DisableForm(open: RwSignal<bool>) -> impl IntoView {
    let (account, toasts) = (Account::get(), Toasts::get());
    let submission = Submission::new();
    let code = RwSignal::new(String::new());
    let send = move |_: HtmlFormElement| {
        submission.run(async move {
            api::disable_mfa(&code.get_untracked()).await?;
            let _ = open.try_set(false);
            account.refresh();
            toasts.info("MFA is disabled", "Your other login sessions were ended.");
            Ok(())
        });
    };
    let incomplete = Signal::derive(move || code.with(|code| !is_complete_code(code)));
    view! {
        <Form
            submission
            send
            label="Disable MFA"
            kind="btn-danger"
            disabled=incomplete
            dialog=open
            cancel="Keep it"
            submit="disable-confirm"
        >
            <p>
                "The app's entry and every recovery code stop working, and your other login sessions end. Signing in \
                 will need the password alone, and terminals can no longer be locked."
            </p>
            <p class="muted">"Locked terminals have to be unlocked first."</p>
            <CodeField submission code />
        </Form>
    }
    .into_any()
}
