//! Reconciling: after a crash, after changes made on the engine directly, after deletions that failed.

use std::time::Duration;

use access::{Attach, Operate};
use protocol::{
    SandboxId, TerminalId,
    terminals::{Phase, TerminalState},
};
use rexec::terminals::{self, reconciler};
use sandbox::{LaunchSpec, Lifecycle as _, Limits, ObservedState, fake::FakeBehavior};
use store::{PowerRequest, SandboxRow, SandboxState};

use crate::support::{
    database::{self, TestDb, sandbox_of},
    engine::{launch_spec, never, no_progress},
    environment::TestEnvironment,
    proofs::proof,
};

/// The server is killed during several operations at once; the next one reconciles.
#[tokio::test]
async fn reconciling_after_a_crash_restores_a_consistent_state() {
    for db in database::each().await {
        crash_and_reconcile_on(&db).await;
    }
}

async fn crash_and_reconcile_on(db: &TestDb) {
    let env = TestEnvironment::new(db);
    let who = env.user("ada").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(env.terminal(&who).await.id);
    }
    let [running, died, stopping, deleting, starting, lost] = ids[..] else { panic!() };
    let mut tx = env.services.db.begin().await.unwrap();
    use TerminalState::{Running, Stopped};
    tx.request_power(&proof::<Operate>(stopping), Phase::Running, PowerRequest::Stop).await.unwrap();
    tx.begin_deletion(&proof::<access::Delete>(deleting), false).await.unwrap();
    tx.request_power(&proof::<Operate>(starting), Phase::Running, PowerRequest::Start).await.unwrap();
    tx.commit().await.unwrap();
    env.fake.kill(sandbox_of(died));
    env.fake.kill(sandbox_of(starting));
    env.fake.delete(sandbox_of(lost)).await.unwrap();
    // An interrupted launch with a record.
    let mut half = env.rows().await[0].clone();
    half.id = TerminalId::new(uuid::Uuid::new_v4());
    half.sandbox = SandboxRow { id: sandbox_of(half.id), state: SandboxState::Creating, ..half.sandbox };
    (half.phase, half.observed_generation) = (Phase::Starting, half.generation - 1);
    env.fake.create(&LaunchSpec { id: half.sandbox.id, ..launch_spec() }, no_progress(), &never()).await.unwrap();
    let mut tx = env.services.db.begin().await.unwrap();
    tx.insert_terminal(&half).await.unwrap();
    tx.commit().await.unwrap();
    // A container that appeared after its terminal was deleted, and one whose record is in another database.
    let (late, strange) = (env.terminal(&who).await.id, SandboxId::new(uuid::Uuid::new_v4()));
    assert!(terminals::delete(&env.services, &who, late, None).await.unwrap().gone);
    for id in [sandbox_of(late), strange] {
        let spec = LaunchSpec { id, ..launch_spec() };
        env.fake.create(&spec, no_progress(), &never()).await.unwrap();
    }

    let next = env.restarted(db);
    reconciler::reconcile_at_start(&next.services).await;
    assert!(reconciler::reconcile(&next.services).await);
    let state = |id| {
        let services = next.services.clone();
        let who = who.clone();
        async move { terminals::get(&services, &who, id).await.map(|t| t.state).ok() }
    };
    assert_eq!(state(running).await, Some(Running));
    assert_eq!(state(died).await, Some(Stopped));
    assert_eq!(state(stopping).await, Some(Stopped));
    assert_eq!(state(deleting).await, None);
    assert_eq!(state(starting).await, Some(Running), "the start is carried out");
    assert_eq!(state(lost).await, Some(TerminalState::Failed));
    assert_eq!(state(half.id).await, Some(Running), "what the interrupted launch left is replaced");
    let mut engine: Vec<_> = next.fake.list().await.unwrap();
    let order = [strange].into_iter().chain(ids.iter().map(|id| sandbox_of(*id))).collect::<Vec<_>>();
    engine.sort_by_key(|(id, _)| order.iter().position(|other| other == id).unwrap_or(order.len()));
    let (stopped, runs) = (ObservedState::Stopped, ObservedState::Running);
    assert_eq!(engine.remove(0), (strange, runs), "no record and no tombstone: its home is kept");
    let expected = [(running, runs), (died, stopped), (stopping, stopped), (starting, runs), (half.id, runs)];
    assert_eq!(engine, expected.map(|(id, state)| (sandbox_of(id), state)));
    // A second round changes nothing.
    let before = next.rows().await;
    reconciler::reconcile(&next.services).await;
    assert_eq!(next.rows().await, before);
}

/// More terminals than one round works on at once, and the oldest cannot be removed.
#[tokio::test]
async fn a_terminal_that_fails_does_not_keep_others_from_being_reconciled() {
    let db = database::sqlite().await;
    let env = TestEnvironment::new(&db);
    let who = env.user("ada").await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(env.terminal(&who).await.id);
    }
    env.fake.set_behavior(FakeBehavior { delete_fails: true, ..FakeBehavior::default() });
    for id in &ids[..8] {
        assert!(!terminals::delete(&env.services, &who, *id, None).await.unwrap().gone);
    }
    env.fake.kill(sandbox_of(ids[8]));
    env.fake.kill(sandbox_of(ids[9]));
    assert!(!reconciler::reconcile(&env.services).await, "the deletions fail");
    for id in &ids[8..] {
        assert_eq!(terminals::get(&env.services, &who, *id).await.unwrap().state, TerminalState::Stopped);
    }
}

/// Only a deletion removes the sandbox of a terminal that has run, whatever its record and the engine say.
#[tokio::test]
async fn a_home_that_may_hold_files_is_never_removed() {
    let db = database::sqlite().await;
    let env = TestEnvironment::new(&db);
    let who = env.user("ada").await;
    for request in [PowerRequest::Start, PowerRequest::Stop, PowerRequest::Restart] {
        for found in [
            ObservedState::Running,
            ObservedState::Paused,
            ObservedState::Stopped,
            ObservedState::HomeOnly,
            ObservedState::SocketDirOnly,
        ] {
            let id = env.terminal(&who).await.id;
            let mut tx = env.services.db.begin().await.unwrap();
            tx.request_power(&proof::<Operate>(id), Phase::Running, request).await.unwrap();
            tx.commit().await.unwrap();
            env.fake.set_state(sandbox_of(id), found);
            let next = env.restarted(&db);
            for _ in 0..2 {
                reconciler::reconcile(&next.services).await;
            }
            let left = next.fake.observe(sandbox_of(id)).await.unwrap();
            assert!(left.is_some(), "{request:?} {found:?}");
            assert!(terminals::delete(&env.services, &who, id, None).await.unwrap().gone);
        }
    }
}

/// A container paused without the server counts as stopped; the record follows when it resumes.
#[tokio::test]
async fn a_paused_container_is_reported_stopped_until_it_resumes() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let paused = async || {
            env.fake.set_state(sandbox_of(id), ObservedState::Paused);
            reconciler::reconcile(&env.services).await;
            let seen = terminals::get(&env.services, &who, id).await.unwrap();
            assert_eq!(seen.state, TerminalState::Stopped);
            assert!(seen.error.is_some_and(|why| why.contains("paused")));
        };
        let state = async || {
            let seen = terminals::get(&env.services, &who, id).await.unwrap();
            assert_eq!(seen.error, None);
            (seen.state, env.fake.list().await.unwrap()[0].1)
        };
        paused().await;
        terminals::start(&env.services, &who, id).await.unwrap();
        assert_eq!(state().await, (TerminalState::Running, ObservedState::Running));
        paused().await;
        terminals::stop(&env.services, &who, id, None).await.unwrap();
        assert_eq!(state().await, (TerminalState::Stopped, ObservedState::Stopped), "it does not stay paused");
        terminals::start(&env.services, &who, id).await.unwrap();
        paused().await;
        env.fake.set_state(sandbox_of(id), ObservedState::Running);
        reconciler::reconcile(&env.services).await;
        assert_eq!(state().await, (TerminalState::Running, ObservedState::Running), "it was resumed on the engine");
    }
}

/// A lost home is reported before the terminal is started again.
#[tokio::test]
async fn changes_on_the_engine_are_observed_while_the_server_runs() {
    let db = database::sqlite().await;
    let env = TestEnvironment::new(&db);
    let who = env.user("ada").await;
    let id = env.terminal(&who).await.id;
    terminals::stop(&env.services, &who, id, None).await.unwrap();
    reconciler::reconcile(&env.services).await;
    tokio::spawn(reconciler::run(env.services.clone()));
    env.fake.set_state(sandbox_of(id), ObservedState::SocketDirOnly);
    let reported = async {
        while terminals::get(&env.services, &who, id).await.unwrap().state != TerminalState::Failed {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reported).await.expect("reported");
    env.services.shutdown.cancel();
}

/// The server ended after the engine applied a tier and before the record was written.
#[tokio::test]
async fn limits_on_the_engine_follow_the_record() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let before = env.fake.limits(sandbox_of(id)).unwrap();
        env.fake.set_limits(sandbox_of(id), Limits { memory_bytes: 4 << 30, cpu_millis: 4000 }).await.unwrap();
        assert!(reconciler::reconcile(&env.restarted(&db).services).await);
        assert_eq!(env.fake.limits(sandbox_of(id)), Some(before));
    }
}

#[tokio::test]
async fn a_deletion_that_fails_on_the_engine_is_retried() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        env.fake.set_behavior(FakeBehavior { delete_fails: true, ..FakeBehavior::default() });
        assert!(!terminals::delete(&env.services, &who, id, None).await.unwrap().gone);
        assert_eq!(terminals::get(&env.services, &who, id).await.unwrap().state, TerminalState::Deleting);
        assert!(env.services.gate.authorize(&who, id, Attach).await.is_err(), "nobody reaches it meanwhile");
        env.fake.set_behavior(FakeBehavior::default());
        reconciler::reconcile(&env.services).await;
        assert_eq!(env.rows().await, []);
        // An engine that is unavailable at start does not end the server.
        env.fake.set_behavior(FakeBehavior { unavailable: true, ..FakeBehavior::default() });
        reconciler::reconcile(&env.services).await;
    }
}
