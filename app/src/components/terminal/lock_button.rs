//! The control of a terminal's lock, on cards and in the toolbar: "Lock with MFA", or a menu while it is locked.

use leptos::{prelude::*, task::spawn_local};
use protocol::{TerminalId, terminals::Phase};

use super::{lock_dialog::LockDialog, lock_form::LockAction, lock_state::LockState};
use crate::{
    api,
    components::{Dialog, Glyph, Icon, Menu, MenuItem, dynamic},
    state::{Account, Hydrated, Terminals, Toasts},
};

/// The control.
#[component]
pub(crate) fn LockButton(
    /// Id of the terminal.
    id: TerminalId,
    /// The smaller size, for cards.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let terminals = Terminals::get();
    let terminal = Memo::new(move |_| terminals.find(id));
    let lock = LockState::follow(terminal);
    let slug = Memo::new(move |_| lock.get().slug());
    let running = Memo::new(move |_| terminal.with(|t| t.as_ref().is_some_and(|t| t.phase == Phase::Running)));
    let (action, open) = (RwSignal::new(LockAction::Verify), RwSignal::new(false));
    let on_choose = Callback::new(move |chosen| {
        action.set(chosen);
        open.set(true);
    });
    let control = dynamic(move || match (slug.get(), running.get()) {
        ("open", true) => view! { <LockNow id small /> }.into_any(),
        ("open", false) => ().into_any(),
        (slug, _) => view! { <LockMenu id small on_choose granted=slug == "granted" /> }.into_any(),
    });
    // The dialog is a sibling of the control, so that it stays open while the control changes with the lock state.
    view! {
        {control}
        <LockDialog id action open />
    }
    .into_any()
}

const fn class_of(small: bool) -> &'static str {
    if small { "btn btn-small btn-lock" } else { "btn btn-lock" }
}

/// Locks without confirmation. An account without a second factor gets a link to set one up.
#[component]
fn LockNow(id: TerminalId, small: bool) -> impl IntoView {
    let account = Account::get();
    let busy = RwSignal::new(false);
    let explain = RwSignal::new(false);
    let pending = Hydrated::pending();
    let click = move |_| {
        if account.mfa_enabled() { lock_now(id, busy) } else { explain.set(true) }
    };
    view! {
        <button
            r#type="button"
            class=class_of(small)
            disabled=pending
            aria-disabled=move || busy.get().then_some("true")
            aria-busy=move || busy.get().then_some("true")
            on:click=click
            data-testid="lock"
        >
            <Icon glyph=Glyph::LockClosed />
            <span>"Lock"<span class="lock-more">" with MFA"</span></span>
        </button>
        <Dialog open=explain title="First enable MFA".to_owned() testid="lock-needs-mfa">
            <p>
                "A locked terminal shows and takes nothing without a fresh code of your authenticator app. Your \
                 account has no authenticator app yet; setting one up takes a minute."
            </p>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| explain.set(false)>
                    "Not now"
                </button>
                <a class="btn btn-primary" href="/account/security" data-testid="to-security">
                    "Account → Security"
                </a>
            </div>
        </Dialog>
    }
    .into_any()
}

fn lock_now(id: TerminalId, busy: RwSignal<bool>) {
    if busy.get_untracked() {
        return;
    }
    let (terminals, toasts) = (Terminals::get(), Toasts::get());
    busy.set(true);
    spawn_local(async move {
        match api::lock(id).await {
            Ok(status) => {
                terminals.put_lock(id, &status);
                toasts.success("Locked. Every open view of it was cut; the shell keeps running.");
            }
            Err(problem) => toasts.problem(&problem),
        }
        let _ = busy.try_set(false);
    });
}

#[component]
fn LockMenu(id: TerminalId, small: bool, on_choose: Callback<LockAction>, granted: bool) -> impl IntoView {
    let busy = RwSignal::new(false);
    let button = || {
        view! {
            <Icon glyph=Glyph::LockClosed />
            <span class="lock-more">"Manage lock"</span>
            <Icon glyph=Glyph::ChevronDown />
        }
    };
    view! {
        <Menu label="Lock" class=class_of(small) testid="lock-menu" button>
            {granted
                .then(|| {
                    view! {
                        <MenuItem glyph=Glyph::LockClosed on_click=move |()| lock_now(id, busy) testid="lock-again">
                            "Lock again now"
                        </MenuItem>
                    }
                })}
            <MenuItem glyph=Glyph::Key on_click=move |()| on_choose.run(LockAction::Verify) testid="verify-open">
                "Verify with a code…"
            </MenuItem>
            <MenuItem glyph=Glyph::LockOpen on_click=move |()| on_choose.run(LockAction::Unlock) testid="unlock-open">
                "Unlock…"
            </MenuItem>
        </Menu>
    }
    .into_any()
}
