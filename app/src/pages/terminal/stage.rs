//! The middle of the page: the terminal, or what stands in its place.

use leptos::prelude::*;
use protocol::terminals::TerminalState;

use super::{
    banner::Banner,
    lock_prompt::LockPrompt,
    session::{Link, Session},
};
use crate::{
    components::{Empty, Glyph, LockState, When},
    pages::dashboard::{StageList, start},
    state::{Hydrated, Terminals},
};

/// The terminal's element is always there and always empty in the HTML; only the browser fills it.
#[component]
pub(super) fn Stage() -> impl IntoView {
    let session = Session::get();
    let running = move || session.state() == Some(TerminalState::Running);
    // A stopped terminal has nothing to hide; starting it needs no code, using it will.
    let locked = Memo::new(move |_| running() && session.lock.get() == LockState::Locked);
    let usable = move || running() && !locked.get();
    let stale = move || matches!(session.link.get(), Link::Waiting(_) | Link::Ended(_) | Link::Cut(_));
    let waiting = move || usable() && matches!(session.link.get(), Link::Connecting | Link::Idle);
    view! {
        <section class="stage-area" aria-label="Terminal">
            <Banner/>
            <div class="terminal-frame" class:terminal-off=move || !usable() class:terminal-stale=stale>
                <div class="terminal-host" node_ref=session.host data-testid="terminal"></div>
                <When when=waiting><p class="terminal-wait" data-testid="connecting"><span class="spinner"></span>"Connecting…"</p></When>
            </div>
            <When when=move || locked.get()><LockPrompt/></When>
            <When when=move || !running()><NotRunning/></When>
        </section>
    }
    .into_any()
}

#[component]
fn NotRunning() -> impl IntoView {
    let session = Session::get();
    let id = session.id;
    let pending = Hydrated::pending();
    let begin = move |label: &'static str| view! { <button r#type="button" class="btn btn-primary" disabled=pending on:click=move |_| start(id) data-testid="start">{label}</button> };
    let state = Memo::new(move |_| session.state());
    move || {
        match state.get() {
        Some(TerminalState::Creating) => view! { <div class="stage-box"><StageList id=Some(id)/><Ask/></div> }.into_any(),
        Some(TerminalState::Stopped) => view! {
            <Empty glyph=Glyph::Stop title="Stopped" text="The container is stopped. Its home folder is kept; a new shell starts with it." testid="stopped">
                {begin("Start")}
            </Empty>
        }
        .into_any(),
        Some(TerminalState::Failed) => {
            let why = session.terminal.with(|t| t.as_ref().and_then(|t| t.error.clone()));
            view! {
                <Empty glyph=Glyph::Warning title="It could not be started" text=why.unwrap_or_else(|| "The server gave no reason.".to_owned()) testid="failed">
                    {begin("Try again")}
                </Empty>
            }
            .into_any()
        }
        _ => view! { <Empty glyph=Glyph::Trash title="Being deleted" text="The container and its home folder are being removed."/> }.into_any(),
    }
    }
}

/// Asks for the state now and then while it starts: events may be missed.
#[component]
fn Ask() -> impl IntoView {
    let (terminals, id) = (Terminals::get(), Session::get().id);
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(move || terminals.reload_one(id), std::time::Duration::from_secs(2))
        {
            on_cleanup(move || timer.clear());
        }
    });
}
