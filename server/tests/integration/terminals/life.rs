//! The life of terminals on the fake engine: quotas, failures, stop and start, changes, deletions.

use std::time::Duration;

use access::{Attach, Denied, Revocation};
use futures_util::future::join_all;
use protocol::{
    ProblemKind, TerminalId,
    events::Stage,
    names::{Sensitive, Slug, TerminalName},
    terminals::{PatchTerminal, Phase, TerminalState},
};
use rexec::terminals::{self, Completion, TerminalError, reconciler};
use sandbox::{Lifecycle as _, Limits, fake::FakeBehavior};
use store::pagination::TerminalCursor;
use tokio_util::sync::CancellationToken;

use crate::support::{
    database::{self, sandbox_of},
    environment::{TestEnvironment, ask},
};
use rexec::problem::ToProblem as _;

#[tokio::test]
async fn concurrent_creates_respect_the_quota() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let mut tx = env.services.db.begin().await.unwrap();
        tx.set_user(who.user, who.role, false, Some(3)).await.unwrap();
        tx.commit().await.unwrap();
        let made = join_all((0..50).map(|_| terminals::create(&env.services, &who, ask()))).await;
        let ok = made.iter().filter(|made| made.is_ok()).count();
        assert_eq!(ok, 3, "on {}", db.name);
        for refused in made.into_iter().filter_map(Result::err) {
            assert_eq!(refused.problem().kind, ProblemKind::QuotaReached);
        }
        assert_eq!(env.fake.list().await.unwrap().len(), 3);
        let mut names: Vec<_> = env.rows().await.into_iter().map(|row| row.name.to_string()).collect();
        names.sort();
        assert_eq!(names, ["debian-1", "debian-2", "debian-3"]);
    }
}

#[tokio::test]
async fn a_failed_launch_leaves_only_its_audit_event() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        for stage in &Stage::ALL[1..] {
            env.fake.set_behavior(FakeBehavior { fail_at: Some(*stage), ..FakeBehavior::default() });
            let mut heard = env.services.events.subscribe();
            let problem = terminals::create(&env.services, &who, ask()).await.unwrap_err().problem();
            assert!(problem.status >= 500 && problem.detail.len() > 40, "{problem}");
            assert_eq!(env.rows().await, [], "{stage:?}");
            assert_eq!(env.fake.list().await.unwrap(), [], "{stage:?}");
            let mut last = None;
            while let Ok((_, signal)) = heard.try_recv() {
                last = Some(signal);
            }
            let Some(rexec::events::TerminalEvent::Deleted(id, Some(_))) = last else { panic!("{last:?}") };
            assert_eq!(env.events_about(id).await, ["terminal_created", "terminal_create_failed!"]);
        }
        let mut bad = ask();
        bad.image = Slug::parse("nothing").unwrap();
        let problem = terminals::create(&env.services, &who, bad).await.unwrap_err().problem();
        assert_eq!((problem.kind, problem.field.as_deref()), (ProblemKind::Unprocessable, Some("image")));
        env.fake.set_behavior(FakeBehavior { unavailable: true, ..FakeBehavior::default() });
        let problem = terminals::create(&env.services, &who, ask()).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Unavailable);
        assert_eq!(env.rows().await, []);
    }
}

/// The engine fails after the caller stopped waiting.
#[tokio::test]
async fn a_launch_that_fails_after_the_answer_records_its_reason() {
    for db in database::each().await {
        let mut env = TestEnvironment::new(&db);
        env.services.operation_wait = Duration::ZERO;
        let who = env.user("ada").await;
        let go = CancellationToken::new();
        env.fake.set_behavior(FakeBehavior {
            fail_at: Some(Stage::Inside),
            start_after: Some(go.clone()),
            ..FakeBehavior::default()
        });
        let Completion::InProgress(terminal) = terminals::create(&env.services, &who, ask()).await.unwrap() else {
            panic!("it cannot be ready")
        };
        assert_eq!(terminal.state, TerminalState::Creating);
        go.cancel();
        env.services.tasks.close();
        env.services.tasks.wait().await;
        let now = terminals::get(&env.services, &who, terminal.id).await.unwrap();
        assert_eq!(now.state, TerminalState::Failed);
        assert!(now.error.is_some_and(|words| words.contains("did not come up")));
        assert_eq!(env.fake.list().await.unwrap(), [], "the container is gone all the same");
    }
}

#[tokio::test]
async fn a_create_completes_after_its_caller_disconnects() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        env.fake.set_behavior(FakeBehavior { stage_delay: Duration::from_millis(20), ..FakeBehavior::default() });
        let began =
            tokio::time::timeout(Duration::from_millis(30), terminals::create(&env.services, &who, ask())).await;
        assert!(began.is_err(), "hung up");
        env.services.tasks.close();
        env.services.tasks.wait().await;
        assert_eq!(env.rows().await[0].phase, Phase::Running);
    }
}

/// The engine removes what a launch made before the terminal is deleted, and the launch does not report success.
#[tokio::test]
async fn a_deletion_during_a_launch_cancels_it() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let never = CancellationToken::new();
        env.fake.set_behavior(FakeBehavior { start_after: Some(never), ..FakeBehavior::default() });
        let (services, caller) = (env.services.clone(), who.clone());
        let create = tokio::spawn(async move { terminals::create(&services, &caller, ask()).await });
        while env.fake.list().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let id = env.rows().await[0].id;
        assert!(terminals::delete(&env.services, &who, id, None).await.unwrap().gone);
        assert!(matches!(create.await.unwrap(), Err(TerminalError::Denied(Denied::NotFound))));
        assert_eq!((env.rows().await, env.fake.list().await.unwrap()), (vec![], vec![]));
        let events = env.events_about(id).await;
        assert_eq!(events, ["created", "delete_started", "deleted"].map(|w| format!("terminal_{w}")));
    }
}

/// The engine refuses the limits of the new tier.
#[tokio::test]
async fn a_refused_tier_leaves_the_record_at_the_tier_in_force() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let before = env.rows().await[0].clone();
        env.fake.set_behavior(FakeBehavior { unavailable: true, ..FakeBehavior::default() });
        let large = PatchTerminal { tier: Some(Slug::parse("large").unwrap()), ..Default::default() };
        let problem = terminals::change(&env.services, &who, id, large).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Unavailable);
        let after = env.rows().await[0].clone();
        assert_eq!((&after.tier, &after.sandbox), (&before.tier, &before.sandbox));
        assert_eq!(env.events_about(id).await[1..], ["terminal_resized", "terminal_resized!"]);
        // The engine may have applied the limits before the answer was lost.
        let in_force = env.fake.limits(sandbox_of(id)).unwrap();
        env.fake.set_behavior(FakeBehavior::default());
        env.fake.set_limits(sandbox_of(id), Limits { memory_bytes: 4 << 30, cpu_millis: 4000 }).await.unwrap();
        assert!(reconciler::reconcile(&env.services).await);
        assert_eq!(env.fake.limits(sandbox_of(id)), Some(in_force));
        assert!(!env.rows().await[0].has_request());
    }
}

#[tokio::test]
async fn renaming_and_resizing_keep_host_name_and_home() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let mut named = ask();
        named.name = Some(TerminalName::parse("Prod <b>").unwrap());
        let Completion::Done(made) = terminals::create(&env.services, &who, named).await.unwrap() else { panic!() };
        let patch = PatchTerminal {
            name: Some(TerminalName::parse("../../other").unwrap()),
            tier: Some(Slug::parse("large").unwrap()),
            ..Default::default()
        };
        let now = terminals::change(&env.services, &who, made.id, patch).await.unwrap();
        assert_eq!((now.name.as_str(), now.tier.as_str()), ("../../other", "large"));
        assert_eq!(env.fake.hostname(sandbox_of(made.id)).as_deref(), Some("prod-b"));
        assert_eq!(terminals::stats(&env.services, &who, made.id).await.unwrap().memory_bytes_limit, 2 << 30);
        let none = PatchTerminal { tier: Some(Slug::parse("nothing").unwrap()), ..Default::default() };
        let problem = terminals::change(&env.services, &who, made.id, none).await.unwrap_err().problem();
        assert_eq!(problem.field.as_deref(), Some("tier"));
        assert_eq!(env.events_about(made.id).await[1..], ["terminal_resized", "terminal_renamed"]);
    }
}

#[tokio::test]
async fn a_deleted_terminal_is_proven_absent() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let id = env.terminal(&who).await.id;
        let access = env.services.gate.authorize(&who, id, Attach).await.unwrap();
        let deletion = terminals::delete(&env.services, &who, id, None).await.unwrap();
        assert!(deletion.gone);
        assert_eq!(access.lease().check(), Err(Revocation::Deleted));
        assert_eq!(env.fake.list().await.unwrap(), []);
        assert!(matches!(terminals::get(&env.services, &who, id).await, Err(TerminalError::Denied(Denied::NotFound))));
        let events = env.events_about(id).await;
        assert_eq!(events[1..], ["terminal_delete_started", "terminal_deleted"]);
        let audit_log = env.services.db.read().await.unwrap().audit_after(0, 100).await.unwrap();
        assert!(audit_log.last().unwrap().detail.as_ref().unwrap().contains("absent"), "the proof is in the audit log");
    }
}

#[tokio::test]
async fn a_locked_terminal_is_deleted_only_with_a_code() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        let codes = env.enrol(&who).await;
        // Confirming a factor ends the logins made without it.
        let who = env.signed_in(who.user, who.username.clone()).await;
        let (id, other) = (env.terminal(&who).await.id, env.terminal(&who).await.id);
        env.lock(id).await;
        let problem = terminals::delete(&env.services, &who, id, None).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Locked);
        let wrong = Sensitive::new("000000");
        let problem = terminals::delete(&env.services, &who, id, Some(&wrong)).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::WrongCode);
        assert_eq!(env.fake.list().await.unwrap().len(), 2, "still there");
        assert!(terminals::delete(&env.services, &who, id, Some(&codes[0])).await.unwrap().gone);
        // The deletion spent the code.
        env.lock(other).await;
        let again = terminals::delete(&env.services, &who, other, Some(&codes[0])).await;
        assert_eq!(again.unwrap_err().problem().kind, ProblemKind::WrongCode);
        // Administrators need the owner's code as well.
        let admin = env.administrator("grace").await;
        let problem = terminals::delete_any(&env.services, &admin, other, None).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Locked);
        // The refused deletions left the record.
        assert_eq!(env.rows().await.len(), 1);
    }
}

#[tokio::test]
async fn other_users_terminals_are_not_found() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let (ada, eve) = (env.user("ada").await, env.user("eve").await);
        let id = env.terminal(&ada).await.id;
        let (services, unknown) = (&env.services, TerminalId::new(uuid::Uuid::new_v4()));
        for id in [id, unknown] {
            let refused: Vec<TerminalError> = vec![
                terminals::get(services, &eve, id).await.unwrap_err(),
                terminals::start(services, &eve, id).await.unwrap_err(),
                terminals::stop(services, &eve, id, None).await.unwrap_err(),
                terminals::restart(services, &eve, id, None).await.unwrap_err(),
                terminals::change(services, &eve, id, PatchTerminal::default()).await.unwrap_err(),
                terminals::delete(services, &eve, id, None).await.unwrap_err(),
                terminals::stats(services, &eve, id).await.unwrap_err(),
                terminals::security(services, &eve, id).await.unwrap_err(),
            ];
            for refused in refused {
                assert!(matches!(refused, TerminalError::Denied(Denied::NotFound)), "{refused:?}");
            }
        }
        assert_eq!(terminals::list(services, &eve, TerminalCursor::default(), 50).await.unwrap().items, []);
        assert_eq!(terminals::get(services, &ada, id).await.unwrap().state, TerminalState::Running);
    }
}

#[tokio::test]
async fn terminal_lists_are_paginated() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let who = env.user("ada").await;
        for _ in 0..5 {
            env.terminal(&who).await;
        }
        let (mut after, mut seen) = (Some(TerminalCursor::default().to_string()), Vec::new());
        while let Some(place) = after {
            let page = terminals::list(&env.services, &who, place.parse().unwrap(), 2).await.unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items.into_iter().map(|t| t.id));
            after = page.next;
        }
        let all = terminals::list(&env.services, &who, TerminalCursor::default(), 50).await.unwrap();
        assert_eq!(seen, all.items.iter().map(|t| t.id).collect::<Vec<_>>());
        assert_eq!(seen.len(), 5);
    }
}
