//! What the end of a socket means, and what to do then. Pure decisions.

use protocol::{
    Problem, ProblemKind, Timestamp,
    problem::CLOSE_SHELL_ENDED,
    terminals::{Terminal, TerminalState},
};

/// What to do after a socket closed.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// The shell ended; show its last words.
    ShellEnded,
    /// Closed to this page; nothing may stay on the screen.
    Cut(Problem),
    /// Connect again at once, from a fresh snapshot.
    Afresh,
    /// Find out why, then perhaps connect again.
    Ask,
}

/// Of a close code.
pub(crate) fn next(code: u16, reason: &str) -> Next {
    let cut = |kind: ProblemKind, detail: &str| {
        let detail = if reason.is_empty() { detail } else { reason };
        Next::Cut(Problem::new(kind, detail))
    };
    match code {
        CLOSE_SHELL_ENDED => Next::ShellEnded,
        4400 => cut(ProblemKind::BadRequest, "The page and the server do not understand each other. Reload the page."),
        4401 => cut(ProblemKind::NotLoggedIn, "Sign in again to go on."),
        4404 => cut(ProblemKind::NotFound, "The terminal was deleted."),
        4409 => cut(ProblemKind::NotRunning, "It was stopped. Start it to go on."),
        4423 => cut(ProblemKind::Locked, "Enter a code to go on."),
        4429 => Next::Afresh,
        _ => Next::Ask,
    }
}

/// Of what the terminal itself looks like after a socket that ended without saying why.
pub(crate) fn after_asking(answer: Result<Terminal, Problem>, now: Timestamp) -> Option<Problem> {
    match answer {
        Ok(terminal) if terminal.state != TerminalState::Running => {
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

/// Milliseconds to wait before the next try: grows, never beyond ten seconds, and differs between pages by `luck`
/// (0 to 1) so that a thousand of them do not come back at the same instant.
pub(crate) fn wait_millis(failures: u32, luck: f64) -> u32 {
    let base = 250u32.saturating_mul(1 << failures.min(6)).min(10_000);
    base / 2 + (f64::from(base / 2) * luck.clamp(0.0, 1.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_cuts_and_a_lost_connection_asks() {
        assert!(matches!(next(4423, ""), Next::Cut(p) if p.kind == ProblemKind::Locked));
        assert!(matches!(next(4401, "gone"), Next::Cut(p) if p.detail == "gone"));
        assert_eq!(next(4000, ""), Next::ShellEnded);
        assert_eq!(next(4429, ""), Next::Afresh);
        for code in [1000, 1001, 1006, 1012, 4503] {
            assert_eq!(next(code, ""), Next::Ask, "{code}");
        }
    }

    #[test]
    fn waiting_grows_and_is_bounded() {
        assert_eq!(wait_millis(0, 1.0), 250);
        assert_eq!(wait_millis(2, 0.0), 500);
        assert!(wait_millis(40, 1.0) <= 10_000);
    }
}
