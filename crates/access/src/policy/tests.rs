//! Each comparison on its own. In a running server most of them are preceded by another check (a query by session and
//! terminal, grants that a lock deletes), so only these tests cover each one.

use protocol::{SandboxId, SessionId, UserId, names::Username};
use uuid::Uuid;

use super::*;
use crate::TerminalFacts;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const GENERATION: i64 = 3;

fn other<T>(new: impl Fn(Uuid) -> T) -> T {
    new(Uuid::from_u128(99))
}

fn user() -> UserId {
    UserId::new(Uuid::from_u128(1))
}

fn session() -> SessionId {
    SessionId::new(Uuid::from_u128(2))
}

fn terminal() -> TerminalId {
    TerminalId::new(Uuid::from_u128(3))
}

fn caller(credential: Credential) -> Caller {
    Caller {
        user: user(),
        username: Username::parse("ada").unwrap(),
        role: Role::User,
        credential,
        trusted_device: None,
        address: [127, 0, 0, 1].into(),
        request_id: "r".to_owned(),
    }
}

fn signed_in() -> Caller {
    caller(Credential::Session { id: session(), generation: GENERATION })
}

/// The owner is signed in, the terminal runs and is locked, and the login session has a grant. Login and grant end in a
/// minute.
fn facts() -> (SessionFacts, TerminalFacts, GrantFacts) {
    let (ago, end) = (NOW.plus_secs(-10), NOW.plus_secs(60));
    let login = SessionFacts {
        user: user(),
        full: true,
        role: Role::User,
        generation: GENERATION,
        disabled: false,
        created_at: ago,
        last_seen_at: NOW,
        idle_secs: 60,
        absolute_end: end,
    };
    let (sandbox, phase) = (SandboxId::new(Uuid::from_u128(4)), Phase::Running);
    let running = TerminalFacts { owner: user(), sandbox, phase, locked: true, epoch: 5 };
    let grant = GrantFacts {
        user: user(),
        session: session(),
        terminal: terminal(),
        epoch: 5,
        granted_at: ago,
        last_input_at: NOW,
        idle_secs: 60,
        absolute_end: end,
    };
    (login, running, grant)
}

/// The decision about attaching, as a word, after one change to the facts.
fn attach(change: impl FnOnce(&mut SessionFacts, &mut TerminalFacts, &mut GrantFacts)) -> &'static str {
    let (mut login, mut terminal, mut grant) = facts();
    change(&mut login, &mut terminal, &mut grant);
    decide(&Facts { session: Some(login), terminal: Some(terminal), grant: Some(grant) })
}

fn decide(facts: &Facts) -> &'static str {
    match require_owner_unlocked(facts, &signed_in(), terminal(), NOW) {
        Ok(Some(_)) => "granted",
        Ok(None) => "open",
        Err(denied) => word(&denied),
    }
}

fn word(denied: &Denied) -> &'static str {
    match denied {
        Denied::NotLoggedIn => "not logged in",
        Denied::NotFound => "not found",
        Denied::NotRunning(_) => "not running",
        Denied::Locked => "locked",
        Denied::Unavailable(_) => "unavailable",
    }
}

#[test]
fn only_a_valid_grant_for_this_account_session_terminal_and_epoch_opens_a_locked_terminal() {
    assert_eq!(attach(|_, _, _| ()), "granted");
    assert_eq!(attach(|_, _, grant| grant.user = other(UserId::new)), "locked", "of another account");
    assert_eq!(attach(|_, _, grant| grant.session = other(SessionId::new)), "locked", "of another login session");
    assert_eq!(attach(|_, _, grant| grant.terminal = other(TerminalId::new)), "locked", "for another terminal");
    assert_eq!(attach(|_, _, grant| grant.epoch = 4), "locked", "for an earlier lock");
    assert_eq!(attach(|_, _, grant| grant.epoch = 6), "locked", "for a later lock");
    assert_eq!(attach(|_, _, grant| grant.absolute_end = NOW), "locked", "at its absolute end");
    assert_eq!(attach(|_, _, grant| grant.last_input_at = NOW.plus_secs(-60)), "locked", "idle for too long");
    assert_eq!(attach(|_, _, grant| grant.granted_at = NOW.plus_secs(1)), "locked", "the clock was set back");
    assert_eq!(attach(|_, _, grant| grant.last_input_at = NOW.plus_secs(1)), "locked", "the clock was set back");
    assert_eq!(attach(|_, terminal, _| terminal.locked = false), "open");
    let (login, running, _) = facts();
    assert_eq!(decide(&Facts { session: Some(login), terminal: Some(running), grant: None }), "locked", "no grant");
}

#[test]
fn only_a_valid_login_of_the_owner_can_view_the_terminal() {
    let ended = [
        attach(|login, _, _| login.full = false),
        attach(|login, _, _| login.disabled = true),
        attach(|login, _, _| login.user = other(UserId::new)),
        attach(|login, _, _| login.absolute_end = NOW),
        attach(|login, _, _| login.last_seen_at = NOW.plus_secs(-60)),
        attach(|login, _, _| login.last_seen_at = NOW.plus_secs(1)),
    ];
    assert_eq!(ended, ["not logged in"; 6]);
    assert_eq!(attach(|_, terminal, _| terminal.owner = other(UserId::new)), "not found");
    let (login, running, grant) = facts();
    assert_eq!(decide(&Facts { session: None, terminal: Some(running), grant: Some(grant) }), "not logged in");
    assert_eq!(decide(&Facts { session: Some(login), terminal: None, grant: None }), "not found");
}

#[test]
fn a_rotated_token_can_view_the_terminal_but_not_attach() {
    let rotated = |login: &mut SessionFacts| login.generation = GENERATION + 1;
    assert_eq!(attach(|login, _, _| rotated(login)), "not logged in");
    let (mut login, running, grant) = facts();
    rotated(&mut login);
    let facts = Facts { session: Some(login), terminal: Some(running), grant: Some(grant) };
    assert!(require_owner(&facts, &signed_in(), NOW).is_ok());
}

#[test]
fn an_api_token_never_uses_a_grant() {
    let (login, running, grant) = facts();
    let facts = Facts { session: Some(login), terminal: Some(running), grant: Some(grant) };
    let token = caller(Credential::Token { id: protocol::TokenId::new(Uuid::from_u128(4)) });
    assert_eq!(require_owner_unlocked(&facts, &token, terminal(), NOW).map_err(|d| word(&d)), Err("not logged in"));
    let lock = CurrentLock { terminal: terminal(), epoch: 5 };
    let grant = facts.grant.as_ref().unwrap();
    assert!(grant_is_valid(grant, &signed_in(), lock, NOW) && !grant_is_valid(grant, &token, lock, NOW));
}

#[test]
fn the_current_role_of_the_account_decides_who_is_an_administrator() {
    let administers = |role, owner| {
        let (mut login, mut running, _) = facts();
        (login.role, running.owner) = (role, owner);
        let facts = Facts { session: Some(login), terminal: Some(running), grant: None };
        require_administrator(&facts, &signed_in(), NOW).map_err(|d| word(&d))
    };
    assert_eq!(administers(Role::Admin, other(UserId::new)), Ok(()));
    assert_eq!(administers(Role::User, other(UserId::new)), Err("not found"));
    assert_eq!(administers(Role::User, user()), Err("not found"));
}

#[test]
fn a_terminal_that_does_not_run_cannot_be_attached_and_its_lock_is_reported_first() {
    let stopped = Phase::Stopped;
    assert_eq!(attach(|_, terminal, _| terminal.phase = stopped), "not running");
    let both = attach(|_, terminal, grant| (terminal.phase, grant.epoch) = (stopped, 4));
    assert_eq!(both, "locked");
}
