//! What happened to the connection, in one line above the terminal: lost, ended, refused, warned.

use leptos::prelude::*;
use protocol::Problem;

use super::session::{Link, Session};
use crate::{
    browser,
    components::{Glyph, Icon, dynamic},
    state::{Clock, Terminals},
};

/// The line; nothing while all is well.
#[component]
pub(super) fn Banner() -> impl IntoView {
    let session = Session::get();
    let link = Memo::new(move |_| session.link.get());
    let warning = Memo::new(move |_| session.warning());
    view! {
        <div aria-live="polite" class="banner-live">
            {dynamic(move || match link.get() {
                Link::Waiting(at) => view! { <Lost at/> }.into_any(),
                Link::Ended(status) => view! { <Ended status/> }.into_any(),
                Link::Cut(problem) => view! { <Cut problem/> }.into_any(),
                Link::Idle | Link::Connecting | Link::Live => ().into_any(),
            })}
            {move || warning.get().map(|problem| view! { <Warned problem/> })}
        </div>
    }
    .into_any()
}

#[component]
fn Lost(at: protocol::Timestamp) -> impl IntoView {
    let session = Session::get();
    let second = expect_context::<Clock>().second;
    let next = move || match at.secs() - second.get().secs() {
        secs @ 1.. => format!("Trying again in {secs} s."),
        _ => "Trying again…".to_owned(),
    };
    view! {
        <div class="banner banner-warning" data-testid="reconnecting">
            <span class="spinner"></span>
            <p>"Connection lost. Your shell keeps running, but what you type now is not sent. " <span class="num" aria-live="off">{next}</span></p>
            <button r#type="button" class="btn btn-small" on:click=move |_| session.with(|t| t.reconnect()) data-testid="reconnect">"Try now"</button>
        </div>
    }
    .into_any()
}

#[component]
fn Ended(status: i32) -> impl IntoView {
    let session = Session::get();
    // The terminal takes no more keys; what comes next is one key away.
    Effect::new(move |_| browser::focus_soon("[data-testid=new-shell]"));
    let meaning = match status {
        0 => "The shell ended.".to_owned(),
        129..=192 => format!("The shell was ended by signal {}.", status - 128),
        other => format!("The shell ended with status {other}."),
    };
    view! {
        <div class="banner" data-testid="exit-banner" data-status=status.to_string()>
            <Icon glyph=Glyph::Terminal/>
            <p>{meaning} " What it printed stays here until you leave."</p>
            <button r#type="button" class="btn btn-small btn-primary" on:click=move |_| session.begin_again() data-testid="new-shell">"Start a new shell"</button>
        </div>
    }
    .into_any()
}

#[component]
fn Cut(problem: Problem) -> impl IntoView {
    let session = Session::get();
    let again = move |_| {
        Terminals::get().reload_one(session.id);
        session.begin_again();
    };
    view! {
        <div class="banner banner-danger" data-testid="cut" data-kind=problem.kind.slug()>
            <Icon glyph=Glyph::Warning/>
            <p><strong>{problem.title} ". "</strong>{problem.detail}</p>
            <button r#type="button" class="btn btn-small" on:click=again data-testid="try-again">"Try again"</button>
        </div>
    }
    .into_any()
}

#[component]
fn Warned(problem: Problem) -> impl IntoView {
    let session = Session::get();
    view! {
        <div class="banner banner-warning" data-testid="terminal-notice">
            <Icon glyph=Glyph::Warning/>
            <p><strong>{problem.title} ". "</strong>{problem.detail}</p>
            <button r#type="button" class="btn btn-icon btn-ghost btn-small" aria-label="Dismiss" on:click=move |_| session.dismiss()><Icon glyph=Glyph::Close/></button>
        </div>
    }
    .into_any()
}
