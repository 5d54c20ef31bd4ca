//! The prompt of a locked terminal: a code, and two clear things it can do.

use leptos::prelude::*;
use protocol::TerminalId;

use super::{lock_button::Purpose, session::Session};
use crate::{
    api,
    components::{CodeForm, Glyph, Icon, LockBadge, LockState, When},
    state::{Account, Hydrated, Sending, Terminals, Toasts, tell_other_pages},
};

/// Stands where the terminal was; behind it there is nothing to see.
#[component]
pub(super) fn LockPrompt() -> impl IntoView {
    let session = Session::get();
    let account = Account::get();
    let purpose = RwSignal::new(Purpose::Verify);
    view! {
        <div class="lock-prompt" data-testid="lock-prompt">
            <div class="lock-prompt-box">
                <LockBadge state=Signal::stored(LockState::Locked)/>
                <h2>"This terminal is locked"</h2>
                <p class="muted">"Its shell keeps running, unseen. Nothing is shown or typed without a code."</p>
                <When when=move || account.mfa_enabled() fallback=|| view! { <NoFactor/> }>
                    <Purposes purpose/>
                    <LockForm id=session.id purpose on_done=|()| ()/>
                </When>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn NoFactor() -> impl IntoView {
    view! {
        <p class="note note-warning">"Your account has no authenticator app any more. Set one up again; after that its codes open this terminal."</p>
        <a class="btn btn-primary" href="/account/security">"Account → Security"</a>
    }
    .into_any()
}

#[component]
fn Purposes(purpose: RwSignal<Purpose>) -> impl IntoView {
    let pending = Hydrated::pending();
    let choice = move |value: Purpose, glyph: Glyph, title: &'static str, text: &'static str, testid: &'static str| {
        view! {
            <label class="choice choice-small" data-testid=testid>
                <input r#type="radio" name="purpose" disabled=pending checked=value == Purpose::Verify prop:checked=move || purpose.get() == value on:change=move |_| purpose.set(value)/>
                <span class="choice-title"><Icon glyph/>{title}</span>
                <span class="choice-text">{text}</span>
            </label>
        }
    };
    view! {
        <fieldset class="choices choices-two">
            <legend class="sr-only">"What the code shall do"</legend>
            {choice(Purpose::Verify, Glyph::Key, "Verify", "Use it for now; the lock stays.", "choose-verify")}
            {choice(Purpose::Unlock, Glyph::LockOpen, "Unlock", "Remove the lock.", "choose-unlock")}
        </fieldset>
    }
    .into_any()
}

/// The field and its button, on the page and in the dialog of the lock's control.
#[component]
pub(super) fn LockForm(
    /// Which terminal.
    id: TerminalId,
    /// What the code shall do.
    #[prop(into)]
    purpose: Signal<Purpose>,
    /// It did.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    let sending = Sending::new();
    let send = move |code: String| {
        sending.send(async move {
            let answer = match purpose.get_untracked() {
                Purpose::Verify => api::verify(id, &code).await.map(|answer| {
                    terminals.put_grant(id, answer.granted_until);
                    tell_other_pages();
                }),
                Purpose::Unlock => api::unlock(id, &code).await.map(|status| {
                    terminals.put_lock(id, &status);
                    toasts.good("The lock is removed");
                }),
            };
            if answer.as_ref().is_err_and(|refusal| refusal.status == 409) {
                // Somebody else removed the lock meanwhile.
                terminals.reload_one(id);
            }
            answer?;
            let _ = on_done.try_run(());
            Ok(())
        });
    };
    let label = Signal::derive(move || match purpose.get() {
        Purpose::Verify => "Verify".to_owned(),
        Purpose::Unlock => "Unlock".to_owned(),
    });
    view! { <CodeForm sending send label testid="lock-form" submit="lock-submit"/> }.into_any()
}
