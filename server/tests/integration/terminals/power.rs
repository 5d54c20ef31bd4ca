//! Start, stop and restart on the fake engine.

use std::time::Duration;

use access::{Attach, Denied, Operate, Revocation};
use protocol::{
    ProblemKind,
    events::Stage,
    terminals::{Phase, TerminalState},
};
use rexec::terminals::{self, Completion, reconciler};
use sandbox::{ObservedState, fake::FakeBehavior};
use store::{DesiredState, PowerRequest};
use tokio_util::sync::CancellationToken;

use crate::support::{
    database::{self, sandbox_of},
    environment::{TestEnvironment, ask},
    proofs::proof,
};
use rexec::problem::ToProblem as _;

#[tokio::test]
async fn stop_revokes_access_before_it_stops_the_container_and_start_restores_it() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let access = env.services.gate.authorize(&who, id, Attach).await.unwrap();
        let services = env.services.clone();
        let watcher = tokio::spawn(async move {
            let why = access.lease().ended().await;
            (why, services.engine.list().await.unwrap())
        });
        let stopped = terminals::stop(&env.services, &who, id, None).await.unwrap();
        let (why, engine) = watcher.await.unwrap();
        assert_eq!(
            (why, engine),
            (Revocation::Stopped, vec![(sandbox_of(id), ObservedState::Running)]),
            "revoked while the container still ran"
        );
        let Completion::Done(terminal) = stopped else { panic!() };
        assert_eq!(terminal.state, TerminalState::Stopped);
        assert!(matches!(env.services.gate.authorize(&who, id, Attach).await, Err(Denied::NotRunning(Phase::Stopped))));
        assert!(terminals::stop(&env.services, &who, id, None).await.is_ok(), "twice is no error");
        let Completion::Done(terminal) = terminals::start(&env.services, &who, id).await.unwrap() else { panic!() };
        assert_eq!(terminal.state, TerminalState::Running);
        assert!(terminals::start(&env.services, &who, id).await.is_ok(), "twice is no error");
        terminals::restart(&env.services, &who, id, None).await.unwrap();
        let events = env.events_about(id).await;
        let words = ["created", "stopped", "started", "stopped", "started"].map(|w| format!("terminal_{w}"));
        assert_eq!(events, words);
    }
}

#[tokio::test]
async fn a_start_during_a_stop_waits_for_its_end() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let access = env.services.gate.authorize(&who, id, Attach).await.unwrap();
        let (services, caller) = (env.services.clone(), who.clone());
        // Starts it again before it releases its lease.
        let client = tokio::spawn(async move {
            assert_eq!(access.lease().ended().await, Revocation::Stopped);
            terminals::start(&services, &caller, id).await
        });
        terminals::stop(&env.services, &who, id, None).await.unwrap();
        client.await.unwrap().unwrap();
        assert_eq!(env.rows().await[0].phase, Phase::Running);
        assert_eq!(
            env.services.engine.list().await.unwrap(),
            vec![(sandbox_of(id), ObservedState::Running)],
            "as its record says"
        );
    }
}

#[tokio::test]
async fn a_restart_is_one_request_and_passes_through_stopping() {
    for db in database::each().await {
        let mut env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let before = env.rows().await[0].clone();
        env.services.operation_wait = Duration::ZERO;
        let go = CancellationToken::new();
        env.fake.set_behavior(FakeBehavior { start_after: Some(go.clone()), ..FakeBehavior::default() });
        let Completion::InProgress(_) = terminals::restart(&env.services, &who, id, None).await.unwrap() else {
            panic!()
        };
        let during = env.rows().await[0].clone();
        assert!([Phase::Stopping, Phase::Pending, Phase::Starting].contains(&during.phase), "{:?}", during.phase);
        assert_eq!((during.desired, during.generation), (DesiredState::Running, before.generation + 1));
        assert!(during.has_request());
        go.cancel();
        env.services.tasks.close();
        env.services.tasks.wait().await;
        let after = env.rows().await[0].clone();
        assert_eq!((after.phase, after.observed_generation), (Phase::Running, after.generation));
    }
}

/// A terminal whose creation failed after its answer is started by its owner, and fails again.
#[tokio::test]
async fn a_failed_start_keeps_the_record_of_a_terminal_that_never_ran() {
    for db in database::each().await {
        let mut env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        env.services.operation_wait = Duration::ZERO;
        env.fake.set_behavior(FakeBehavior { fail_at: Some(Stage::Inside), ..FakeBehavior::default() });
        let Completion::InProgress(terminal) = terminals::create(&env.services, &who, ask()).await.unwrap() else {
            panic!()
        };
        while env.rows().await[0].phase != Phase::Failed {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        env.services.operation_wait = Duration::from_secs(60);
        let problem = terminals::start(&env.services, &who, terminal.id).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Unavailable);
        assert_eq!(env.rows().await[0].phase, Phase::Failed, "it is still there");
        env.fake.set_behavior(FakeBehavior::default());
        assert!(matches!(terminals::start(&env.services, &who, terminal.id).await.unwrap(), Completion::Done(_)));
    }
}

#[tokio::test]
async fn the_audit_log_has_one_event_for_each_stop_and_start_that_was_asked_for() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let (who, admin) = (env.user("ada").await, env.administrator("grace").await);
        let id = env.terminal(&who).await.id;
        env.fake.set_state(sandbox_of(id), ObservedState::Paused);
        assert!(reconciler::reconcile(&env.services).await);
        terminals::start(&env.services, &who, id).await.unwrap();
        let words = ["created", "stopped", "started"].map(|w| format!("terminal_{w}"));
        assert_eq!(env.events_about(id).await, words, "nothing was stopped by the start of a paused terminal");
        // An administrator stops it while its owner's restart is under way.
        let mut tx = env.services.db.begin().await.unwrap();
        tx.request_power(&proof::<Operate>(id), Phase::Running, PowerRequest::Restart).await.unwrap();
        tx.commit().await.unwrap();
        terminals::stop_any(&env.services, &admin, id).await.unwrap();
        assert_eq!(env.rows().await[0].phase, Phase::Stopped);
        assert_eq!(env.events_about(id).await[3..], ["terminal_stopped"]);
    }
}
