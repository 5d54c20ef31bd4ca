//! The area where the emulator is mounted, or what is shown in its place.

use leptos::prelude::*;
use protocol::terminals::Phase;

use super::{
    connection_banner::ConnectionBanner,
    context::{ConnectionState, TerminalContext},
};
use crate::{
    components::{
        EmptyState, Glyph, Show,
        terminal::{LockPrompt, LockState, ProgressList, start},
    },
    state::{Hydrated, Terminals},
};

/// The viewport. The host element is always present, empty in the HTML, and filled by the browser only.
#[component]
pub(super) fn Viewport() -> impl IntoView {
    let ctx = TerminalContext::get();
    let running = move || ctx.phase() == Some(Phase::Running);
    // A stopped terminal has no content to protect. Starting it requires no code, using it does.
    let locked = Memo::new(move |_| running() && ctx.lock.get() == LockState::Locked);
    let usable = move || running() && !locked.get();
    let stale = move || {
        matches!(
            ctx.connection.get(),
            ConnectionState::Reconnecting(_) | ConnectionState::Exited(_) | ConnectionState::Closed(_)
        )
    };
    let waiting =
        move || usable() && matches!(ctx.connection.get(), ConnectionState::Connecting | ConnectionState::Idle);
    view! {
        <section class="stage-area" aria-label="Terminal">
            <ConnectionBanner />
            <div class="terminal-frame" class:terminal-off=move || !usable() class:terminal-stale=stale>
                <div class="terminal-host" node_ref=ctx.host data-testid="terminal"></div>
                <Show when=waiting>
                    <p class="terminal-wait" data-testid="connecting">
                        <span class="spinner"></span>
                        "Connecting…"
                    </p>
                </Show>
            </div>
            <Show when=move || locked.get()>
                <LockPrompt id=ctx.id />
            </Show>
            <Show when=move || !running()>
                <NotRunning />
            </Show>
        </section>
    }
    .into_any()
}

#[component]
fn NotRunning() -> impl IntoView {
    let ctx = TerminalContext::get();
    let phase = Memo::new(move |_| ctx.phase());
    move || match phase.get() {
        Some(Phase::Pending | Phase::Starting) => view! {
            <div class="stage-box">
                <ProgressList id=Some(ctx.id) />
                <PollState />
            </div>
        }
        .into_any(),
        Some(Phase::Stopping) => view! {
            <EmptyState
                glyph=Glyph::Stop
                title="Stopping"
                text="The container is being stopped. Its home folder is kept."
            />
        }
        .into_any(),
        Some(phase @ (Phase::Stopped | Phase::Paused)) => view! {
            <EmptyState
                glyph=Glyph::Stop
                title=if phase == Phase::Paused { "Paused" } else { "Stopped" }
                text=if phase == Phase::Paused {
                    "The container was paused on the engine. Its processes continue when it starts."
                } else {
                    "The container is stopped. Its home folder is kept; a new shell starts with it."
                }
                testid="stopped"
            >
                <StartButton label="Start" />
            </EmptyState>
        }
        .into_any(),
        Some(Phase::Failed) => {
            let reason = ctx.terminal.with(|t| t.as_ref().and_then(|t| t.error.clone()));
            view! {
                <EmptyState
                    glyph=Glyph::Warning
                    title="It could not be started"
                    text=reason.unwrap_or_else(|| "The server gave no reason.".to_owned())
                    testid="failed"
                >
                    <StartButton label="Try again" />
                </EmptyState>
            }
            .into_any()
        }
        _ => view! {
            <EmptyState
                glyph=Glyph::Trash
                title="Being deleted"
                text="The container and its home folder are being removed."
            />
        }
        .into_any(),
    }
}

#[component]
fn StartButton(label: &'static str) -> impl IntoView {
    let id = TerminalContext::get().id;
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="button"
            class="btn btn-primary"
            disabled=pending
            on:click=move |_| start(id)
            data-testid="start"
        >
            {label}
        </button>
    }
    .into_any()
}

/// Polls the state while the terminal is being created, because events may be missed.
#[component]
fn PollState() -> impl IntoView {
    let (terminals, id) = (Terminals::get(), TerminalContext::get().id);
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(move || terminals.reload_one(id), std::time::Duration::from_secs(2))
        {
            on_cleanup(move || timer.clear());
        }
    });
}
