//! The reaction to a closed socket, by close code. Pure functions.

use protocol::{
    Problem, ProblemKind, Timestamp,
    problem::CLOSE_SHELL_ENDED,
    terminals::{Phase, Terminal},
};

/// What to do after a socket closed.
#[derive(Debug, PartialEq)]
pub(crate) enum CloseAction {
    /// The shell exited; its output stays on the screen.
    Exited,
    /// Access ended; remove the terminal's content and show the reason.
    Close(Problem),
    /// Reconnect at once from a new snapshot.
    Resync,
    /// Read the terminal's state, then reconnect or close.
    QueryState,
    /// The login ended, or its token was replaced and the browser has the new cookie: read the terminal's state, then
    /// reconnect, or close with this problem when nobody is signed in.
    QueryLogin(Problem),
}

/// The action for a close code.
pub(crate) fn action(code: u16, reason: &str) -> CloseAction {
    let problem = |kind: ProblemKind, detail: &str| Problem::new(kind, if reason.is_empty() { detail } else { reason });
    let close = |kind: ProblemKind, detail: &str| CloseAction::Close(problem(kind, detail));
    match code {
        CLOSE_SHELL_ENDED => CloseAction::Exited,
        4400 => {
            close(ProblemKind::BadRequest, "The page and the server do not understand each other. Reload the page.")
        }
        4401 => CloseAction::QueryLogin(problem(ProblemKind::NotLoggedIn, "Sign in again to go on.")),
        4404 => close(ProblemKind::NotFound, "The terminal was deleted."),
        4409 => close(ProblemKind::NotRunning, "It was stopped. Start it to go on."),
        4423 => close(ProblemKind::Locked, "Enter a code to go on."),
        4429 => CloseAction::Resync,
        _ => CloseAction::QueryState,
    }
}

/// Why the terminal cannot be used, from its state; `None` when reconnecting can succeed.
pub(crate) fn problem_of_state(state: Result<Terminal, Problem>, now: Timestamp) -> Option<Problem> {
    match state {
        Ok(terminal) if terminal.phase != Phase::Running => {
            Some(Problem::new(ProblemKind::NotRunning, "It was stopped. Start it to go on."))
        }
        Ok(terminal) if terminal.mfa_locked && terminal.granted_until.is_none_or(|until| until <= now) => {
            Some(Problem::new(ProblemKind::Locked, "Enter a code to go on."))
        }
        Ok(_) => None,
        Err(problem) if matches!(problem.status, 401 | 403 | 404 | 423) => Some(problem),
        Err(_) => None,
    }
}

/// Milliseconds until the next attempt: exponential, at most ten seconds. `jitter` (0 to 1) spreads the clients of a
/// restarted server.
pub(crate) fn backoff_millis(failures: u32, jitter: f64) -> u32 {
    let base = 250u32.saturating_mul(1 << failures.min(6)).min(10_000);
    base / 2 + (f64::from(base / 2) * jitter.clamp(0.0, 1.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_closes_and_a_lost_connection_queries_the_state() {
        assert!(matches!(action(4423, ""), CloseAction::Close(p) if p.kind == ProblemKind::Locked));
        assert!(matches!(action(4404, "gone"), CloseAction::Close(p) if p.detail == "gone"));
        assert_eq!(action(4000, ""), CloseAction::Exited);
        assert_eq!(action(4429, ""), CloseAction::Resync);
        for code in [1000, 1001, 1006, 1012, 4503] {
            assert_eq!(action(code, ""), CloseAction::QueryState, "{code}");
        }
    }

    #[test]
    fn an_ended_login_is_queried_because_its_token_may_have_been_replaced() {
        assert!(matches!(action(4401, "ended"), CloseAction::QueryLogin(p) if p.detail == "ended"));
    }

    #[test]
    fn backoff_grows_and_is_bounded() {
        assert_eq!(backoff_millis(0, 1.0), 250);
        assert_eq!(backoff_millis(2, 0.0), 500);
        assert!(backoff_millis(40, 1.0) <= 10_000);
    }
}
