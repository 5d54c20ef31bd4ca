//! The prompt of a locked terminal: a code, and two clear things it can do.

use leptos::{prelude::*, task::spawn_local};
use protocol::{Problem, TerminalId};

use super::{
    lock_button::{Purpose, on_submit},
    session::Session,
};
use crate::{
    api, browser,
    components::{CodeField, Glyph, Icon, LockBadge, LockState, ProblemNote, Submit, When},
    state::{Account, Terminals, Toasts},
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
                    <CodeForm id=session.id purpose on_done=|()| ()/>
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
    let choice = move |value: Purpose, glyph: Glyph, title: &'static str, text: &'static str, testid: &'static str| {
        view! {
            <label class="choice choice-small" data-testid=testid>
                <input r#type="radio" name="purpose" checked=value == Purpose::Verify prop:checked=move || purpose.get() == value on:change=move |_| purpose.set(value)/>
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

/// The field and its button. The sixth digit sends it.
#[component]
pub(super) fn CodeForm(
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
            let digits = code.get_untracked();
            let answer = match purpose.get_untracked() {
                Purpose::Verify => {
                    api::verify(id, &digits).await.map(|answer| terminals.put_grant(id, answer.granted_until))
                }
                Purpose::Unlock => api::unlock(id, &digits).await.map(|status| {
                    terminals.put_lock(id, &status);
                    toasts.good("The lock is removed");
                }),
            };
            let _ = busy.try_set(false);
            match answer {
                Ok(()) => drop(on_done.try_run(())),
                Err(refusal) if browser::left_for_login(&refusal) => {}
                Err(refusal) => {
                    if refusal.status == 409 {
                        terminals.reload_one(id);
                    }
                    let _ = problem.try_set(Some(refusal));
                }
            }
        });
    });
    let label = Signal::derive(move || match purpose.get() {
        Purpose::Verify => "Verify".to_owned(),
        Purpose::Unlock => "Unlock".to_owned(),
    });
    view! {
        <form class="form" method="post" on:submit=on_submit(send) data-testid="lock-form">
            <CodeField code on_full=send busy refused=Signal::derive(move || problem.get().is_some())/>
            <ProblemNote problem/>
            <Submit label busy testid="lock-submit"/>
        </form>
    }
    .into_any()
}
