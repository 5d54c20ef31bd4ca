//! Reconciling: after a crash, after changes made on the engine directly, after deletions that failed.

use std::time::Duration;

use access::Attach;
use protocol::{TerminalId, terminals::TerminalState};
use rexec::terminals::{self, reconciler};
use sandbox::{LaunchSpec, Lifecycle as _, Limits, ObservedState, fake::Script};

use crate::support::{
    database::{self, TestDb},
    engine::{launch_spec, no_progress},
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
    use TerminalState::{Creating, Running, Stopped};
    tx.move_terminal(stopping, Running, Stopped, None).await.unwrap();
    tx.begin_deletion(&proof::<access::Delete>(deleting), false).await.unwrap();
    tx.move_terminal(starting, Running, Creating, None).await.unwrap();
    tx.commit().await.unwrap();
    env.fake.kill(died);
    env.fake.kill(starting);
    env.fake.delete(lost).await.unwrap();
    // An interrupted launch with a record.
    let mut half = env.rows().await[0].clone();
    half.id = TerminalId::new(uuid::Uuid::new_v4());
    (half.state, half.launched) = (Creating, false);
    let mut tx = env.services.db.begin().await.unwrap();
    tx.insert_terminal(&half).await.unwrap();
    tx.commit().await.unwrap();
    // A container that appeared after its terminal was deleted, and one whose record is in another database.
    let (late, strange) = (env.terminal(&who).await.id, TerminalId::new(uuid::Uuid::new_v4()));
    assert!(terminals::delete(&env.services, &who, late, None).await.unwrap().gone);
    for id in [late, strange] {
        let spec = LaunchSpec { id, ..launch_spec() };
        env.fake.create(&spec, no_progress()).await.unwrap();
    }

    let next = env.restarted(db);
    reconciler::reconcile_at_start(&next.services).await;
    let state = |id| {
        let services = next.services.clone();
        let who = who.clone();
        async move { terminals::get(&services, &who, id).await.map(|t| t.state).ok() }
    };
    assert_eq!(state(running).await, Some(Running));
    assert_eq!(state(died).await, Some(Stopped));
    assert_eq!(state(stopping).await, Some(Stopped));
    assert_eq!(state(deleting).await, None);
    assert_eq!(state(starting).await, Some(Stopped), "its home is kept");
    assert_eq!(state(lost).await, Some(TerminalState::Failed));
    assert_eq!(state(half.id).await, None);
    let mut engine: Vec<_> = next.fake.list().await.unwrap();
    engine.sort_by_key(|(id, _)| ids.iter().position(|other| other == id));
    let (stopped, runs) = (ObservedState::Stopped, ObservedState::Running);
    assert_eq!(engine.remove(0), (strange, runs), "nobody decided its end: its home is not ours to remove");
    assert_eq!(engine, [(running, runs), (died, stopped), (stopping, stopped), (starting, stopped)]);
    assert_eq!(next.events_about(half.id).await, ["terminal_create_failed!"]);
    // A second round changes nothing.
    let before = next.rows().await;
    reconciler::reconcile_at_start(&next.services).await;
    assert_eq!(next.rows().await, before);
}

/// A container paused without the server counts as stopped; the record follows when it resumes.
#[tokio::test]
async fn a_paused_container_is_reported_stopped_until_it_resumes() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let paused = async || {
            env.fake.becomes(id, ObservedState::Paused);
            reconciler::reconcile_at_start(&env.services).await;
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
        terminals::stop(&env.services, &who, id).await.unwrap();
        assert_eq!(state().await, (TerminalState::Stopped, ObservedState::Stopped), "it does not stay paused");
        terminals::start(&env.services, &who, id).await.unwrap();
        paused().await;
        env.fake.becomes(id, ObservedState::Running);
        reconciler::reconcile_at_start(&env.services).await;
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
    terminals::stop(&env.services, &who, id).await.unwrap();
    reconciler::reconcile_at_start(&env.services).await;
    tokio::spawn(reconciler::run(env.services.clone()));
    env.fake.becomes(id, ObservedState::Emptied);
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
        let before = env.fake.limits(id).unwrap();
        env.fake.set_limits(id, Limits { memory_bytes: 4 << 30, cpu_millis: 4000 }).await.unwrap();
        reconciler::reconcile_at_start(&env.restarted(&db).services).await;
        assert_eq!(env.fake.limits(id), Some(before));
    }
}

#[tokio::test]
async fn a_deletion_that_fails_on_the_engine_is_retried() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        env.fake.script(Script { stuck: true, ..Script::default() });
        assert!(!terminals::delete(&env.services, &who, id, None).await.unwrap().gone);
        assert_eq!(terminals::get(&env.services, &who, id).await.unwrap().state, TerminalState::Deleting);
        assert!(env.services.gate.authorize(&who, id, Attach).await.is_err(), "nobody reaches it meanwhile");
        env.fake.script(Script::default());
        reconciler::reconcile_at_start(&env.services).await;
        assert_eq!(env.rows().await, []);
        // An engine that is unavailable at start does not end the server.
        env.fake.script(Script { away: true, ..Script::default() });
        reconciler::reconcile_at_start(&env.services).await;
    }
}
