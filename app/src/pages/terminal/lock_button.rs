//! "Lock with MFA": the same control on card and toolbar. What it offers follows the three states of the lock.

use leptos::{prelude::*, task::spawn_local};
use protocol::{TerminalId, terminals::TerminalState};

use super::lock_prompt::LockForm;
use crate::{
    api,
    components::{Dialog, Glyph, Icon, LockState, Menu, dynamic},
    state::{Account, Hydrated, Terminals, Toasts},
};

/// What a code is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A grant for this login session; the lock stays.
    Verify,
    /// The lock goes.
    Unlock,
}

/// The control of one terminal's lock.
#[component]
pub(crate) fn LockButton(
    /// Which terminal.
    id: TerminalId,
    /// Smaller, for cards.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let terminals = Terminals::get();
    let terminal = Memo::new(move |_| terminals.one(id));
    let lock = LockState::follow(terminal);
    let slug = Memo::new(move |_| lock.get().slug());
    let running = Memo::new(move |_| terminal.with(|t| t.as_ref().is_some_and(|t| t.state == TerminalState::Running)));
    let (asking, open) = (RwSignal::new(Purpose::Verify), RwSignal::new(false));
    let ask = Callback::new(move |purpose| {
        asking.set(purpose);
        open.set(true);
    });
    let control = dynamic(move || match (slug.get(), running.get()) {
        ("open", true) => view! { <LockNow id small/> }.into_any(),
        ("open", false) => ().into_any(),
        (slug, _) => view! { <LockMenu id small ask granted=slug == "granted"/> }.into_any(),
    });
    // Beside the control: a code that is being typed stays when a grant begins or ends meanwhile.
    view! { {control} <LockDialog id asking open/> }.into_any()
}

const fn class_of(small: bool) -> &'static str {
    if small { "btn btn-small btn-lock" } else { "btn btn-lock" }
}

/// Locking is always safe, so it asks for nothing; only an account without a factor is sent to get one.
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
        <button r#type="button" class=class_of(small) disabled=pending aria-disabled=move || busy.get().then_some("true") aria-busy=move || busy.get().then_some("true") on:click=click data-testid="lock">
            <Icon glyph=Glyph::LockClosed/><span>"Lock"<span class="lock-more">" with MFA"</span></span>
        </button>
        <Dialog open=explain title="First enable MFA".to_owned() testid="lock-needs-mfa">
            <p>"A locked terminal shows and takes nothing without a fresh code of your authenticator app. Your account has no authenticator app yet; setting one up takes a minute."</p>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| explain.set(false)>"Not now"</button>
                <a class="btn btn-primary" href="/account/security" data-testid="to-security">"Account → Security"</a>
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
                toasts.good("Locked. Every open view of it was cut; the shell keeps running.");
            }
            Err(problem) => toasts.problem(&problem),
        }
        let _ = busy.try_set(false);
    });
}

#[component]
fn LockMenu(id: TerminalId, small: bool, ask: Callback<Purpose>, granted: bool) -> impl IntoView {
    let busy = RwSignal::new(false);
    let face = || view! { <Icon glyph=Glyph::LockClosed/><span class="lock-more">"Manage lock"</span><Icon glyph=Glyph::ChevronDown/> };
    view! {
        <Menu label="Lock" class=class_of(small) testid="lock-menu" face>
            {granted.then(|| view! {
                <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| lock_now(id, busy) data-testid="lock-again"><Icon glyph=Glyph::LockClosed/>"Lock again now"</button>
            })}
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| ask.run(Purpose::Verify) data-testid="verify-open"><Icon glyph=Glyph::Key/>"Verify with a code…"</button>
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| ask.run(Purpose::Unlock) data-testid="unlock-open"><Icon glyph=Glyph::LockOpen/>"Unlock…"</button>
        </Menu>
    }
    .into_any()
}

/// Asks for the code.
#[component]
fn LockDialog(id: TerminalId, asking: RwSignal<Purpose>, open: RwSignal<bool>) -> impl IntoView {
    let terminals = Terminals::get();
    let title = Signal::derive(move || {
        let name = terminals.one(id).map(|terminal| terminal.name.to_string()).unwrap_or_default();
        match asking.get() {
            Purpose::Unlock => format!("Unlock {name}: remove the lock"),
            Purpose::Verify => format!("Verify {name}: use it for now, the lock stays"),
        }
    });
    view! {
        <Dialog open title testid="lock-dialog">
            <LockForm id purpose=asking on_done=Callback::new(move |()| open.set(false))/>
        </Dialog>
    }
    .into_any()
}
