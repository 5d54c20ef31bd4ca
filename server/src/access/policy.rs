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

#[cfg(test)]
mod tests {
    //! Every comparison alone. In a running server most of them lie behind another one (a query by session and terminal,
    //! grants that a lock deletes), so that only here each is seen to hold by itself.

    use super::*;
    use crate::store::SessionFacts;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn other<T>(new: impl Fn(uuid::Uuid) -> T) -> T {
        new(uuid::Uuid::from_u128(99))
    }

    fn ada() -> (UserId, SessionId) {
        (UserId::new(uuid::Uuid::from_u128(1)), SessionId::new(uuid::Uuid::from_u128(2)))
    }

    fn work() -> TerminalId {
        TerminalId::new(uuid::Uuid::from_u128(3))
    }

    /// Ada is signed in, her terminal runs, is locked, and her login has a grant; each ends a minute from now.
    fn open() -> (SessionFacts, TerminalFacts, GrantFacts) {
        let (user, session) = ada();
        let (ago, end) = (NOW.plus_secs(-10), NOW.plus_secs(60));
        let login = SessionFacts {
            user,
            full: true,
            disabled: false,
            created_at: ago,
            last_seen_at: NOW,
            idle_secs: 60,
            absolute_end: end,
        };
        let terminal = TerminalFacts { owner: user, state: TerminalState::Running, locked: true, epoch: 5 };
        let grant = GrantFacts {
            user,
            session,
            terminal: work(),
            epoch: 5,
            granted_at: ago,
            last_input_at: NOW,
            idle_secs: 60,
            absolute_end: end,
        };
        (login, terminal, grant)
    }

    /// The verdict with one thing changed.
    fn with(change: impl FnOnce(&mut SessionFacts, &mut TerminalFacts, &mut GrantFacts)) -> Verdict {
        let (mut login, mut terminal, mut grant) = open();
        change(&mut login, &mut terminal, &mut grant);
        let facts = Facts { session: Some(login), terminal: Some(terminal), grant: Some(grant) };
        decide(&facts, ada(), work(), NOW)
    }

    #[test]
    fn only_a_grant_of_this_person_login_terminal_and_lock_opens_and_only_while_it_lasts() {
        assert_eq!(with(|_, _, _| ()), Verdict::Open { grant: Some(open().2) });
        assert_eq!(with(|_, _, grant| grant.user = other(UserId::new)), Verdict::Locked, "another person's");
        assert_eq!(with(|_, _, grant| grant.session = other(SessionId::new)), Verdict::Locked, "another login's");
        assert_eq!(with(|_, _, grant| grant.terminal = other(TerminalId::new)), Verdict::Locked, "another terminal's");
        assert_eq!(with(|_, _, grant| grant.epoch = 4), Verdict::Locked, "of an earlier lock");
        assert_eq!(with(|_, _, grant| grant.epoch = 6), Verdict::Locked, "of a lock that is not");
        assert_eq!(with(|_, _, grant| grant.absolute_end = NOW), Verdict::Locked, "at its absolute end");
        assert_eq!(with(|_, _, grant| grant.last_input_at = NOW.plus_secs(-60)), Verdict::Locked, "idle long enough");
        assert_eq!(with(|_, _, grant| grant.granted_at = NOW.plus_secs(1)), Verdict::Locked, "the clock went back");
        assert_eq!(with(|_, _, grant| grant.last_input_at = NOW.plus_secs(1)), Verdict::Locked, "the clock went back");
        let (login, terminal, _) = open();
        let facts = Facts { session: Some(login), terminal: Some(terminal), grant: None };
        assert_eq!(decide(&facts, ada(), work(), NOW), Verdict::Locked, "no grant");
        assert_eq!(with(|_, terminal, _| terminal.locked = false), Verdict::Open { grant: None });
    }

    #[test]
    fn only_a_living_login_of_the_owner_knows_of_the_terminal() {
        let ended = [
            with(|login, _, _| login.full = false),
            with(|login, _, _| login.disabled = true),
            with(|login, _, _| login.user = other(UserId::new)),
            with(|login, _, _| login.absolute_end = NOW),
            with(|login, _, _| login.last_seen_at = NOW.plus_secs(-60)),
            with(|login, _, _| login.last_seen_at = NOW.plus_secs(1)),
        ];
        assert!(ended.iter().all(|verdict| *verdict == Verdict::NotLoggedIn), "{ended:?}");
        assert_eq!(with(|_, terminal, _| terminal.owner = other(UserId::new)), Verdict::NotFound);
        let (login, terminal, grant) = open();
        let facts = Facts { session: None, terminal: Some(terminal), grant: Some(grant) };
        assert_eq!(decide(&facts, ada(), work(), NOW), Verdict::NotLoggedIn);
        let facts = Facts { session: Some(login), terminal: None, grant: None };
        assert_eq!(decide(&facts, ada(), work(), NOW), Verdict::NotFound);
    }

    #[test]
    fn a_terminal_that_does_not_run_is_reached_by_nobody_and_its_lock_is_told_first() {
        let stopped = TerminalState::Stopped;
        assert_eq!(with(|_, terminal, _| terminal.state = stopped), Verdict::NotRunning(stopped));
        let both = with(|_, terminal, grant| (terminal.state, grant.epoch) = (stopped, 4));
        assert_eq!(both, Verdict::Locked);
    }
}
