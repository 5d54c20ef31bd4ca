//! The lock as people see it: three states, one shape, one colour and one word each, the same everywhere.

use leptos::prelude::*;
use protocol::{
    Timestamp,
    terminals::{Terminal, TerminalState},
};

use super::{Countdown, Glyph, Icon};
use crate::state::Clock;

/// The three states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockState {
    /// Not locked.
    Open,
    /// Locked; a code is asked for.
    Locked,
    /// Locked, and this login session may use it until then.
    Granted(Timestamp),
}

impl LockState {
    /// Of a terminal, at an instant. Where nothing runs there is nothing to be used for a while.
    pub(crate) fn of(terminal: &Terminal, now: Timestamp) -> Self {
        match (terminal.mfa_locked, terminal.granted_until) {
            (false, _) => Self::Open,
            (true, Some(until)) if until > now && terminal.state == TerminalState::Running => Self::Granted(until),
            (true, _) => Self::Locked,
        }
    }

    /// The same, moving with the clock.
    pub(crate) fn follow(terminal: Memo<Option<Terminal>>) -> Memo<Self> {
        let second = expect_context::<Clock>().second;
        Memo::new(move |_| {
            let locked = terminal.with(|t| t.as_ref().is_some_and(|t| t.mfa_locked));
            // An open terminal does not listen to the clock.
            let now = if locked { second.get() } else { Timestamp::from_millis(0) };
            terminal.with(|t| t.as_ref().map_or(Self::Open, |t| Self::of(t, now)))
        })
    }

    /// The stable word, for styles and tests.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Locked => "locked",
            Self::Granted(_) => "granted",
        }
    }

    /// The word for people.
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Locked => "Locked",
            Self::Granted(_) => "Granted",
        }
    }

    /// The shape.
    pub(crate) const fn glyph(self) -> Glyph {
        match self {
            Self::Open => Glyph::LockOpen,
            Self::Locked => Glyph::LockClosed,
            Self::Granted(_) => Glyph::Key,
        }
    }
}

/// Shape, colour and word of a lock, with the time left of a grant.
#[component]
pub(crate) fn LockBadge(
    /// The state.
    #[prop(into)]
    state: Signal<LockState>,
) -> impl IntoView {
    // The shape and word change rarely; only the countdown listens to the second hand.
    let slug = Memo::new(move |_| state.get().slug());
    let until = Signal::derive(move || match state.get() {
        LockState::Granted(until) => Some(until),
        _ => None,
    });
    view! {
        <span class=move || format!("lock lock-{}", slug.get()) data-testid="lock-badge" data-state=move || slug.get()>
            {move || {
                slug.track();
                let state = state.get_untracked();
                view! { <Icon glyph=state.glyph()/> <span class="lock-word">{state.word()}</span> }
            }}
            <Countdown until/>
        </span>
    }
    .into_any()
}
