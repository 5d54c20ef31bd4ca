//! The decision itself: a pure function over facts and an instant.

use protocol::{SessionId, TerminalId, Timestamp, UserId, terminals::TerminalState};

use crate::store::{Facts, GrantFacts, TerminalFacts};

/// What the facts come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    NotLoggedIn,
    NotFound,
    NotRunning(TerminalState),
    Locked,
    /// May move bytes; the grant is there when the terminal is locked.
    Open {
        grant: Option<GrantFacts>,
    },
}

/// Who may know that the terminal exists.
pub(super) fn visible(facts: &Facts, asking: UserId, now: Timestamp) -> Verdict {
    let Some(session) = &facts.session else { return Verdict::NotLoggedIn };
    // A clock that went back makes every "not yet over" meaningless.
    if !session.full
        || session.disabled
        || session.user != asking
        || now >= session.ends_at()
        || now < session.last_seen_at
    {
        return Verdict::NotLoggedIn;
    }
    match &facts.terminal {
        Some(terminal) if terminal.owner == asking => Verdict::Open { grant: None },
        _ => Verdict::NotFound,
    }
}

/// Who may touch its bytes.
pub(super) fn decide(facts: &Facts, asking: (UserId, SessionId), id: TerminalId, now: Timestamp) -> Verdict {
    match visible(facts, asking.0, now) {
        Verdict::Open { .. } => {}
        refused => return refused,
    }
    let Some(terminal) = &facts.terminal else { return Verdict::NotFound };
    if !terminal.locked {
        return running(terminal, None);
    }
    match facts.grant.as_ref().filter(|grant| lives(grant, asking, (id, terminal.epoch), now)) {
        Some(grant) => running(terminal, Some(grant.clone())),
        None => Verdict::Locked,
    }
}

/// Whether a grant opens a locked terminal for this login: of this person, this session, this terminal, this epoch, and
/// not over by idleness or by its absolute end.
pub(super) fn lives(
    grant: &GrantFacts,
    asking: (UserId, SessionId),
    terminal: (TerminalId, i64),
    now: Timestamp,
) -> bool {
    (grant.user, grant.session) == asking
        && (grant.terminal, grant.epoch) == terminal
        && now >= grant.granted_at
        && now >= grant.last_input_at
        && now < grant.ends_at()
}

fn running(terminal: &TerminalFacts, grant: Option<GrantFacts>) -> Verdict {
    match terminal.state {
        TerminalState::Running => Verdict::Open { grant },
        other => Verdict::NotRunning(other),
    }
}
