//! Leases over a registry and a manual clock.

use protocol::{SessionId, TerminalId};
use uuid::Uuid;

use super::*;
use crate::{GrantFacts, MaxDurations, Release, RevocationRegistry, Revocations as _, Scope, SessionFacts};

fn ids() -> (SessionId, TerminalId) {
    (SessionId::new(Uuid::new_v4()), TerminalId::new(Uuid::new_v4()))
}

fn lease(
    registry: &RevocationRegistry,
    (s, t): (SessionId, TerminalId),
    clock: &Clock,
    grant: Option<Arc<ExpiryTracker>>,
) -> Lease {
    lease_for_token(registry, (s, 0), t, clock, grant)
}

fn login_facts() -> SessionFacts {
    SessionFacts {
        user: protocol::UserId::new(Uuid::nil()),
        full: true,
        role: protocol::auth::Role::User,
        generation: 0,
        disabled: false,
        created_at: Timestamp::from_millis(0),
        last_seen_at: Timestamp::from_millis(0),
        idle_secs: 3600,
        absolute_end: Timestamp::from_millis(7_200_000),
    }
}

fn lease_for_token(
    registry: &RevocationRegistry,
    login: (SessionId, i64),
    t: TerminalId,
    clock: &Clock,
    grant: Option<Arc<ExpiryTracker>>,
) -> Lease {
    let tracker = registry.login_tracker(login.0, &login_facts());
    Lease::new(registry.subscribe(login, t), tracker, grant, clock.clone())
}

fn grant((session, terminal): (SessionId, TerminalId), now: Timestamp) -> GrantFacts {
    GrantFacts {
        user: protocol::UserId::new(Uuid::nil()),
        session,
        terminal,
        epoch: 1,
        granted_at: now,
        last_input_at: now,
        idle_secs: 60,
        absolute_end: now.plus_secs(100),
    }
}

#[tokio::test]
async fn a_revocation_ends_the_lease_at_once_and_waits_for_its_release() {
    let (registry, clock) = (RevocationRegistry::default(), Clock::manual(Timestamp::from_millis(0)));
    let (s, t) = ids();
    let held = lease(&registry, (s, t), &clock, None);
    assert_eq!(held.check(), Ok(()));
    assert_eq!(
        registry.revoke(Scope::Terminal(t), Revocation::Locked, Duration::from_millis(1)).await,
        Release::Pending(1)
    );
    assert_eq!(held.check(), Err(Revocation::Locked));
    assert_eq!(held.ended().await, Revocation::Locked);
    drop(held);
    // A later lease of the same terminal has a token of its own.
    let later = lease(&registry, (s, t), &clock, None);
    assert_eq!(later.check(), Ok(()));
    assert_eq!(
        registry.revoke(Scope::Session(s), Revocation::LoginEnded, Duration::from_millis(1)).await,
        Release::Pending(1)
    );
    assert_eq!(later.check(), Err(Revocation::LoginEnded));
}

#[tokio::test]
async fn a_revocation_between_subscribing_and_building_is_seen() {
    let (registry, clock) = (RevocationRegistry::default(), Clock::manual(Timestamp::from_millis(0)));
    let (s, t) = ids();
    let building = lease(&registry, (s, t), &clock, None);
    let _ = registry.revoke(Scope::Terminal(t), Revocation::Locked, Duration::ZERO).await;
    assert_eq!(building.revocation(), Some(Revocation::Locked));
}

#[test]
fn a_grant_ends_by_idleness_or_at_its_absolute_end_and_is_shared_by_sockets() {
    let (registry, clock) = (RevocationRegistry::default(), Clock::manual(Timestamp::from_millis(0)));
    let (s, t) = ids();
    let grant = grant((s, t), clock.now());
    let first = lease(&registry, (s, t), &clock, Some(registry.grant_tracker(&grant)));
    let second = lease(&registry, (s, t), &clock, Some(registry.grant_tracker(&grant)));
    clock.advance_secs(59);
    assert!(first.input_extends_grant());
    first.record_input();
    assert!(!first.input_extends_grant(), "the absolute end comes first now");
    clock.advance_secs(40);
    assert_eq!(second.check(), Ok(()), "input in one tab keeps the other");
    clock.advance_secs(1);
    assert_eq!(second.check(), Err(Revocation::GrantEnded), "the absolute end stands");
}

#[test]
fn shortened_durations_apply_to_present_leases_and_to_facts_read_before() {
    let (registry, clock) = (RevocationRegistry::default(), Clock::manual(Timestamp::from_millis(0)));
    let (s, t) = ids();
    let read = grant((s, t), clock.now());
    let open = lease(&registry, (s, t), &clock, Some(registry.grant_tracker(&read)));
    registry.shorten(
        MaxDurations { idle_secs: 20, absolute_secs: 50 },
        MaxDurations { idle_secs: 3600, absolute_secs: 7200 },
    );
    let late = lease(&registry, (s, t), &clock, Some(registry.grant_tracker(&read)));
    for held in [&open, &late] {
        assert_eq!(held.granted_until(), Some(Timestamp::from_millis(20_000)));
    }
    clock.advance_secs(19);
    open.record_input();
    clock.advance_secs(19);
    open.record_input();
    assert_eq!(late.granted_until(), Some(Timestamp::from_millis(50_000)), "50 s after it was given");
    registry.shorten(
        MaxDurations { idle_secs: 900, absolute_secs: 900 },
        MaxDurations { idle_secs: 3600, absolute_secs: 7200 },
    );
    assert_eq!(late.granted_until(), Some(Timestamp::from_millis(50_000)), "longer ones are for new grants");
}

#[test]
fn input_or_a_request_extends_the_login_until_its_absolute_end() {
    let (registry, clock) = (RevocationRegistry::default(), Clock::manual(Timestamp::from_millis(0)));
    let (s, t) = ids();
    let (typing, watching) = (lease(&registry, (s, t), &clock, None), lease(&registry, (s, t), &clock, None));
    clock.advance_secs(3599);
    typing.record_input();
    clock.advance_secs(1800);
    assert_eq!(watching.check(), Ok(()));
    registry.record_activity(s, clock.now());
    clock.advance_secs(1800);
    assert_eq!(typing.check(), Ok(()));
    clock.advance_secs(1);
    assert_eq!(watching.check(), Err(Revocation::LoginEnded));
}

#[tokio::test]
async fn a_new_token_ends_the_leases_of_older_tokens_of_its_session_alone() {
    let (registry, clock) = (RevocationRegistry::default(), Clock::manual(Timestamp::from_millis(0)));
    let ((s, t), (other, _)) = (ids(), ids());
    let older = [3, 4].map(|generation| lease_for_token(&registry, (s, generation), t, &clock, None));
    let stream =
        LoginLease::new(registry.subscribe_login((s, 4)), registry.login_tracker(s, &login_facts()), clock.clone());
    let current = lease_for_token(&registry, (s, 5), t, &clock, None);
    let unrelated = lease_for_token(&registry, (other, 3), t, &clock, None);
    let scope = Scope::OlderTokens { session: s, generation: 5 };
    let released = registry.revoke(scope, Revocation::TokenReplaced, Duration::from_millis(1)).await;
    assert_eq!(released, Release::Pending(3));
    for lease in &older {
        assert_eq!(lease.check(), Err(Revocation::TokenReplaced));
    }
    assert!(stream.is_revoked());
    assert_eq!((current.check(), unrelated.check()), (Ok(()), Ok(())));
    drop((older, stream));
    assert_eq!(registry.revoke(scope, Revocation::TokenReplaced, Duration::from_millis(1)).await, Release::Complete);
    let left = registry.revoke(Scope::Session(s), Revocation::LoginEnded, Duration::from_millis(1)).await;
    assert_eq!(left, Release::Pending(1), "the end of the session ends every generation");
    assert_eq!((current.check(), unrelated.check()), (Err(Revocation::LoginEnded), Ok(())));
}

#[tokio::test]
async fn a_lease_ends_by_the_clock_that_reaches_its_end_first() {
    let clock = Clock::manual(Timestamp::from_millis(0));
    let registry = RevocationRegistry::default();
    let (s, t) = ids();
    let held = lease(&registry, (s, t), &clock, Some(registry.grant_tracker(&grant((s, t), clock.now()))));
    let stream =
        LoginLease::new(registry.subscribe_login((s, 0)), registry.login_tracker(s, &login_facts()), clock.clone());
    clock.adjust_wall_secs(-1800);
    clock.advance_secs(59);
    assert_eq!((held.check(), held.grant_secs_left()), (Ok(()), Some(1)));
    clock.advance_secs(1);
    assert_eq!(held.check(), Err(Revocation::GrantEnded), "setting the wall clock back does not prolong a grant");
    clock.advance_secs(3540);
    assert_eq!(held.check(), Err(Revocation::LoginEnded), "nor a login");
    tokio::time::timeout(Duration::from_secs(1), stream.ended()).await.expect("nor a stream");
    let later = lease(&registry, ids(), &clock, None);
    clock.adjust_wall_secs(10_000);
    assert_eq!(later.check(), Err(Revocation::LoginEnded), "the wall clock ends a lease as well");
}
