//! The code that a form about a locked terminal requires.

use leptos::prelude::*;
use protocol::{Problem, ProblemKind, TerminalId, Timestamp, names::Sensitive, terminals::Terminal};

use crate::{
    components::{CodeField, Show, is_complete_code},
    state::{Clock, Submission, Terminals},
};

/// Whether changing the terminal requires a code.
pub(super) fn change_needs_code(terminals: Terminals, id: TerminalId) -> bool {
    terminals.find(id).is_some_and(|terminal| is_locked_without_grant(&terminal, Clock::now()))
}

/// A grant of this login session counts as well while the terminal is stopped.
fn is_locked_without_grant(terminal: &Terminal, now: Timestamp) -> bool {
    terminal.mfa_locked && terminal.granted_until.is_none_or(|until| until <= now)
}

/// The code of one form.
#[derive(Clone, Copy)]
pub(crate) struct RequiredCode {
    expected: Signal<bool>,
    /// The server answered that a code is required: the page knew an older state of the lock.
    demanded: RwSignal<bool>,
    typed: RwSignal<String>,
}

impl RequiredCode {
    /// `expected` is whether a code is required in the state that the page knows.
    pub(crate) fn new(expected: impl Into<Signal<bool>>) -> Self {
        Self { expected: expected.into(), demanded: RwSignal::new(false), typed: RwSignal::new(String::new()) }
    }

    fn is_required(self) -> bool {
        self.demanded.get() || self.expected.get()
    }

    /// Whether the form cannot be sent yet.
    pub(super) fn missing(self) -> Signal<bool> {
        Signal::derive(move || self.is_required() && self.typed.with(|code| !is_complete_code(code)))
    }

    /// What was typed, if anything.
    pub(super) fn read(self) -> Option<Sensitive> {
        let typed = self.typed.get_untracked();
        (!typed.is_empty()).then(|| Sensitive::new(typed))
    }

    /// Asks for a code if the request failed because it had none.
    pub(crate) fn check<T>(self, result: Result<T, Problem>) -> Result<T, Problem> {
        if result.as_ref().is_err_and(|problem| problem.kind == ProblemKind::Locked) {
            let _ = self.demanded.try_set(true);
        }
        result
    }
}

/// The field, shown while a code is required.
#[component]
pub(super) fn RequiredCodeField(
    /// The code.
    code: RequiredCode,
    /// State of the form.
    submission: Submission,
    /// Why it is required.
    needs: &'static str,
    /// Focus when it is mounted.
    #[prop(default = true)]
    autofocus: bool,
) -> impl IntoView {
    view! {
        <Show when=move || code.is_required()>
            <p class="muted">{needs}</p>
            <CodeField submission code=code.typed autofocus />
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// L5.
    #[test]
    fn changing_a_locked_terminal_needs_a_code_unless_a_grant_is_valid() {
        let now = Timestamp::from_millis(1_000_000);
        let cases = [
            (false, None, false),
            (true, None, true),
            (true, Some(now.plus_secs(1)), false),
            (true, Some(now), true),
            (true, Some(now.plus_secs(-1)), true),
        ];
        for (mfa_locked, granted_until, needed) in cases {
            for phase in ["running", "stopped"] {
                let terminal: Terminal = serde_json::from_value(json!({
                    "id": "00000000-0000-4000-8000-000000000001", "name": "one", "image": "debian", "tier": "small",
                    "profile": "standard", "state": phase, "phase": phase, "mfa_locked": mfa_locked,
                    "granted_until": granted_until, "created_at": now, "last_active_at": now,
                }))
                .unwrap();
                assert_eq!(is_locked_without_grant(&terminal, now), needed, "{phase} {mfa_locked} {granted_until:?}");
            }
        }
    }
}
