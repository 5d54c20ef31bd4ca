//! What the terminal page shows in place of a locked terminal: a code field and a choice of what the code does.

use leptos::prelude::*;
use protocol::TerminalId;

use super::{
    lock_form::{LockAction, LockForm},
    lock_state::{LockBadge, LockState},
};
use crate::{
    components::{Glyph, Icon, Show},
    state::{Account, Hydrated},
};

/// The prompt. While it is shown, the page holds no output of the terminal.
#[component]
pub(crate) fn LockPrompt(
    /// Id of the terminal.
    id: TerminalId,
) -> impl IntoView {
    let account = Account::get();
    let action = RwSignal::new(LockAction::Verify);
    view! {
        <div class="lock-prompt" data-testid="lock-prompt">
            <div class="lock-prompt-box">
                <LockBadge state=Signal::stored(LockState::Locked) />
                <h2>"This terminal is locked"</h2>
                <p class="muted">"Its shell keeps running, unseen. Nothing is shown or typed without a code."</p>
                <Show when=move || account.mfa_enabled() fallback=|| view! { <NoFactor /> }>
                    <ActionChoice action />
                    <LockForm id action on_done=|()| () />
                </Show>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn NoFactor() -> impl IntoView {
    view! {
        <p class="note note-warning">
            "Your account has no authenticator app any more. Set one up again; after that its codes open this terminal."
        </p>
        <a class="btn btn-primary" href="/account/security">
            "Account → Security"
        </a>
    }
    .into_any()
}

#[component]
fn ActionChoice(action: RwSignal<LockAction>) -> impl IntoView {
    let pending = Hydrated::pending();
    let choice =
        move |value: LockAction, glyph: Glyph, title: &'static str, text: &'static str, testid: &'static str| {
            view! {
                <label class="choice choice-small" data-testid=testid>
                    <input
                        r#type="radio"
                        name="purpose"
                        disabled=pending
                        checked=value == LockAction::Verify
                        prop:checked=move || action.get() == value
                        on:change=move |_| action.set(value)
                    />
                    <span class="choice-title">
                        <Icon glyph />
                        {title}
                    </span>
                    <span class="choice-text">{text}</span>
                </label>
            }
        };
    view! {
        <fieldset class="choices choices-two">
            <legend class="sr-only">"What the code shall do"</legend>
            {choice(LockAction::Verify, Glyph::Key, "Verify", "Use it for now; the lock stays.", "choose-verify")}
            {choice(LockAction::Unlock, Glyph::LockOpen, "Unlock", "Remove the lock.", "choose-unlock")}
        </fieldset>
    }
    .into_any()
}
