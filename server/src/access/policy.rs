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
    match living_grant(facts, asking, id, now) {
        Some(grant) => running(terminal, Some(grant.clone())),
        None => Verdict::Locked,
    }
}

/// The grant that opens a locked terminal for this login: of this person, this session, this terminal, this epoch, and
/// not over by idleness or by its absolute end.
pub(super) fn living_grant(
    facts: &Facts,
    asking: (UserId, SessionId),
    id: TerminalId,
    now: Timestamp,
) -> Option<&GrantFacts> {
    let terminal = facts.terminal.as_ref()?;
    facts.grant.as_ref().filter(|g| {
        g.user == asking.0
            && g.session == asking.1
            && g.terminal == id
            && g.epoch == terminal.epoch
            && now >= g.granted_at
            && now >= g.last_input_at
            && now < g.absolute_end
            && now < g.last_input_at.plus_secs(i64::from(g.idle_secs))
    })
}

fn running(terminal: &TerminalFacts, grant: Option<GrantFacts>) -> Verdict {
    match terminal.state {
        TerminalState::Running => Verdict::Open { grant },
        other => Verdict::NotRunning(other),
    }
}
