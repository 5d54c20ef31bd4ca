//! A line above the terminal about its connection: lost, ended, closed, or a warning.

use leptos::prelude::*;
use protocol::Problem;

use super::context::{ConnectionState, TerminalContext};
use crate::{
    browser,
    components::{Glyph, Icon, dynamic},
    state::{Clock, Terminals},
};

/// The banner; empty while the connection is fine.
#[component]
pub(super) fn ConnectionBanner() -> impl IntoView {
    let ctx = TerminalContext::get();
    let connection = Memo::new(move |_| ctx.connection.get());
    let warning = Memo::new(move |_| ctx.warning());
    view! {
        <div aria-live="polite" class="banner-live">
            {dynamic(move || match connection.get() {
                ConnectionState::Reconnecting(at) => view! { <Reconnecting at /> }.into_any(),
                ConnectionState::Exited(status) => view! { <Exited status /> }.into_any(),
                ConnectionState::Closed(problem) => view! { <Closed problem /> }.into_any(),
                ConnectionState::Idle | ConnectionState::Connecting | ConnectionState::Connected => ().into_any(),
            })}
            {move || warning.get().map(|problem| view! { <Warning problem /> })}
        </div>
    }
    .into_any()
}

#[component]
fn Reconnecting(at: protocol::Timestamp) -> impl IntoView {
    let ctx = TerminalContext::get();
    let second = expect_context::<Clock>().second;
    let next = move || match at.secs() - second.get().secs() {
        secs @ 1.. => format!("Trying again in {secs} s."),
        _ => "Trying again…".to_owned(),
    };
    view! {
        <div class="banner banner-warning" data-testid="reconnecting">
            <span class="spinner"></span>
            <p>
                "Connection lost. Your shell keeps running, but what you type now is not sent. "
                <span class="num" aria-live="off">
                    {next}
                </span>
            </p>
            <button
                r#type="button"
                class="btn btn-small"
                on:click=move |_| ctx.with(|t| t.reconnect())
                data-testid="reconnect"
            >
                "Try now"
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn Exited(status: i32) -> impl IntoView {
    let ctx = TerminalContext::get();
    // The terminal takes no input any more, so the button gets the focus.
    Effect::new(move |_| browser::focus_next_frame("[data-testid=new-shell]"));
    let meaning = match status {
        0 => "The shell ended.".to_owned(),
        129..=192 => format!("The shell was ended by signal {}.", status - 128),
        other => format!("The shell ended with status {other}."),
    };
    view! {
        <div class="banner" data-testid="exit-banner" data-status=status.to_string()>
            <Icon glyph=Glyph::Terminal />
            <p>{meaning} " What it printed stays here until you leave."</p>
            <button
                r#type="button"
                class="btn btn-small btn-primary"
                on:click=move |_| ctx.remount()
                data-testid="new-shell"
            >
                "Start a new shell"
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn Closed(problem: Problem) -> impl IntoView {
    let ctx = TerminalContext::get();
    let retry = move |_| {
        Terminals::get().reload_one(ctx.id);
        ctx.remount();
    };
    view! {
        <div class="banner banner-danger" data-testid="cut" data-kind=problem.kind.slug()>
            <Icon glyph=Glyph::Warning />
            <p>
                <strong>{problem.title} ". "</strong>
                {problem.detail}
            </p>
            <button r#type="button" class="btn btn-small" on:click=retry data-testid="try-again">
                "Try again"
            </button>
        </div>
    }
    .into_any()
}

#[component]
fn Warning(problem: Problem) -> impl IntoView {
    let ctx = TerminalContext::get();
    view! {
        <div class="banner banner-warning" data-testid="terminal-notice">
            <Icon glyph=Glyph::Warning />
            <p>
                <strong>{problem.title} ". "</strong>
                {problem.detail}
            </p>
            <button
                r#type="button"
                class="btn btn-icon btn-ghost btn-small"
                aria-label="Dismiss"
                on:click=move |_| ctx.dismiss_warning()
            >
                <Icon glyph=Glyph::Close />
            </button>
        </div>
    }
    .into_any()
}
