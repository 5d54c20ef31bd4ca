//! The three states of a lock, with one icon, colour and word each.

use leptos::prelude::*;
use protocol::{
    Timestamp,
    terminals::{Phase, Terminal},
};

use crate::{
    components::{Countdown, Glyph, Icon},
    state::Clock,
};

/// The state of a terminal's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockState {
    /// Not locked.
    Open,
    /// Locked; a code is required.
    Locked,
    /// Locked, with a grant of this login session until then.
    Granted(Timestamp),
}

impl LockState {
    /// The state of a terminal at an instant. A grant has no meaning while the terminal does not run.
    pub(crate) fn of(terminal: &Terminal, now: Timestamp) -> Self {
        match (terminal.mfa_locked, terminal.granted_until) {
            (false, _) => Self::Open,
            (true, Some(until)) if until > now && terminal.phase == Phase::Running => Self::Granted(until),
            (true, _) => Self::Locked,
        }
    }

    /// The state as a signal that follows the terminal and the clock.
    pub(crate) fn follow(terminal: Memo<Option<Terminal>>) -> Memo<Self> {
        let second = expect_context::<Clock>().second;
        Memo::new(move |_| {
            let locked = terminal.with(|t| t.as_ref().is_some_and(|t| t.mfa_locked));
            // While the terminal is not locked, the clock is not tracked.
            let now = if locked { second.get() } else { Timestamp::from_millis(0) };
            terminal.with(|t| t.as_ref().map_or(Self::Open, |t| Self::of(t, now)))
        })
    }

    /// Stable name, for styles and tests.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Locked => "locked",
            Self::Granted(_) => "granted",
        }
    }

    /// Display name.
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Locked => "Locked",
            Self::Granted(_) => "Granted",
        }
    }

    /// Icon.
    pub(crate) const fn glyph(self) -> Glyph {
        match self {
            Self::Open => Glyph::LockOpen,
            Self::Locked => Glyph::LockClosed,
            Self::Granted(_) => Glyph::Key,
        }
    }
}

/// Icon, name and colour of a lock, with the remaining time of a grant.
#[component]
pub(crate) fn LockBadge(
    /// The state.
    #[prop(into)]
    state: Signal<LockState>,
) -> impl IntoView {
    // Icon and name are rendered again only when the state changes; only the countdown follows the clock.
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
                view! {
                    <Icon glyph=state.glyph() />
                    <span class="lock-word">{state.word()}</span>
                }
            }}
            <Countdown until />
        </span>
    }
    .into_any()
}
