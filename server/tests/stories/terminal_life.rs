//! The life of terminals on the engine made of memory: quotas, failures, deletions, crashes.

use std::time::Duration;

use access::{Attach, Denied, Revocation, Scope};
use futures_util::{StreamExt as _, future::join_all};
use protocol::{
    ProblemKind, TerminalId,
    events::{Event, Stage},
    names::{Sensitive, Slug, TerminalName},
    terminals::{PatchTerminal, TerminalState},
};
use rexec::{
    admin::preflight::{self, Foreign},
    terminals::{self, Launched, TerminalError, reaper},
};
use sandbox::{Found, LaunchSpec, Limits, Runtime as _, fake::Script};
use store::pagination::TerminalCursor;
use tokio_util::sync::CancellationToken;

use crate::{
    database::{self, TestDb},
    world::{World, ask},
};

#[tokio::test]
async fn fifty_creates_at_once_make_as_many_as_the_quota() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let mut tx = world.services.db.begin().await.unwrap();
        tx.set_user(who.user, who.role, false, Some(3)).await.unwrap();
        tx.commit().await.unwrap();
        let made = join_all((0..50).map(|_| terminals::create(&world.services, &who, ask()))).await;
        let ok = made.iter().filter(|made| made.is_ok()).count();
        assert_eq!(ok, 3, "on {}", db.name);
        for refused in made.into_iter().filter_map(Result::err) {
            assert_eq!(refused.problem().kind, ProblemKind::QuotaReached);
        }
        assert_eq!(world.fake.list().await.unwrap().len(), 3);
        let mut names: Vec<_> = world.rows().await.into_iter().map(|row| row.name.to_string()).collect();
        names.sort();
        assert_eq!(names, ["debian-1", "debian-2", "debian-3"]);
    }
}

#[tokio::test]
async fn a_launch_that_fails_leaves_nothing_but_its_event() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        for stage in &Stage::ALL[1..] {
            world.fake.script(Script { fail_at: Some(*stage), ..Script::default() });
            let mut heard = world.services.events.subscribe();
            let problem = terminals::create(&world.services, &who, ask()).await.unwrap_err().problem();
            assert!(problem.status >= 500 && problem.detail.len() > 40, "{problem}");
            assert_eq!(world.rows().await, [], "{stage:?}");
            assert_eq!(world.fake.list().await.unwrap(), [], "{stage:?}");
            let mut last = None;
            while let Ok((_, signal)) = heard.try_recv() {
                last = Some(signal);
            }
            let Some(rexec::events::TerminalEvent::Deleted(id, Some(_))) = last else { panic!("{last:?}") };
            assert_eq!(world.events_about(id).await, ["terminal_created", "terminal_create_failed!"]);
        }
        let mut bad = ask();
        bad.image = Slug::parse("nothing").unwrap();
        let problem = terminals::create(&world.services, &who, bad).await.unwrap_err().problem();
        assert_eq!((problem.kind, problem.field.as_deref()), (ProblemKind::Unprocessable, Some("image")));
        world.fake.script(Script { away: true, ..Script::default() });
        let problem = terminals::create(&world.services, &who, ask()).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Unavailable);
        assert_eq!(world.rows().await, []);
    }
}

/// The engine takes longer than a caller waits, and fails then.
#[tokio::test]
async fn a_launch_that_fails_after_the_answer_says_why_in_its_record() {
    for db in database::each().await {
        let mut world = World::new(&db);
        world.services.operation_wait = Duration::ZERO;
        let who = world.person("ada").await;
        let go = CancellationToken::new();
        world.fake.script(Script { fail_at: Some(Stage::Inside), go: Some(go.clone()), ..Script::default() });
        let Launched::Going(terminal) = terminals::create(&world.services, &who, ask()).await.unwrap() else {
            panic!("it cannot be ready")
        };
        assert_eq!(terminal.state, TerminalState::Creating);
        go.cancel();
        world.services.tasks.close();
        world.services.tasks.wait().await;
        let now = terminals::get(&world.services, &who, terminal.id).await.unwrap();
        assert_eq!(now.state, TerminalState::Failed);
        assert!(now.error.is_some_and(|words| words.contains("did not come up")));
        assert_eq!(world.fake.list().await.unwrap(), [], "the container is gone all the same");
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_stop_what_it_began() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        world.fake.script(Script { pace: Duration::from_millis(20), ..Script::default() });
        let began =
            tokio::time::timeout(Duration::from_millis(30), terminals::create(&world.services, &who, ask())).await;
        assert!(began.is_err(), "hung up");
        world.services.tasks.close();
        world.services.tasks.wait().await;
        assert_eq!(world.rows().await[0].state, TerminalState::Running);
    }
}

#[tokio::test]
async fn stop_cuts_before_the_container_goes_and_start_brings_it_back() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let id = world.terminal(&who).await.id;
        let access = world.services.gate.authorize(&who, id, Attach).await.unwrap();
        let services = world.services.clone();
        let watcher = tokio::spawn(async move {
            let why = access.lease().ended().await;
            (why, services.runtime.list().await.unwrap())
        });
        let stopped = terminals::stop(&world.services, &who, id).await.unwrap();
        let (why, engine) = watcher.await.unwrap();
        assert_eq!(
            (why, engine),
            (Revocation::Stopped, vec![(id, Found::Running)]),
            "put out while the container still ran"
        );
        let Launched::Ready(terminal) = stopped else { panic!() };
        assert_eq!(terminal.state, TerminalState::Stopped);
        assert!(matches!(
            world.services.gate.authorize(&who, id, Attach).await,
            Err(Denied::NotRunning(TerminalState::Stopped))
        ));
        assert!(terminals::stop(&world.services, &who, id).await.is_ok(), "twice is no error");
        let Launched::Ready(terminal) = terminals::start(&world.services, &who, id).await.unwrap() else { panic!() };
        assert_eq!(terminal.state, TerminalState::Running);
        assert!(terminals::start(&world.services, &who, id).await.is_ok(), "twice is no error");
        terminals::restart(&world.services, &who, id).await.unwrap();
        let events = world.events_about(id).await;
        let words = ["created", "stopped", "started", "stopped", "started"].map(|w| format!("terminal_{w}"));
        assert_eq!(events, words);
    }
}

#[tokio::test]
async fn a_start_that_comes_while_a_stop_puts_viewers_out_waits_for_the_end_of_the_stop() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let id = world.terminal(&who).await.id;
        let access = world.services.gate.authorize(&who, id, Attach).await.unwrap();
        let (services, caller) = (world.services.clone(), who.clone());
        // Whoever is put out starts it again before letting go.
        let viewer = tokio::spawn(async move {
            assert_eq!(access.lease().ended().await, Revocation::Stopped);
            terminals::start(&services, &caller, id).await
        });
        terminals::stop(&world.services, &who, id).await.unwrap();
        viewer.await.unwrap().unwrap();
        assert_eq!(world.rows().await[0].state, TerminalState::Running);
        assert_eq!(world.services.runtime.list().await.unwrap(), vec![(id, Found::Running)], "as its record says");
    }
}

#[tokio::test]
async fn a_new_label_or_tier_changes_neither_host_name_nor_home() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let mut named = ask();
        named.name = Some(TerminalName::parse("Prod <b>").unwrap());
        let Launched::Ready(made) = terminals::create(&world.services, &who, named).await.unwrap() else { panic!() };
        let patch = PatchTerminal {
            name: Some(TerminalName::parse("../../other").unwrap()),
            tier: Some(Slug::parse("large").unwrap()),
        };
        let now = terminals::change(&world.services, &who, made.id, patch).await.unwrap();
        assert_eq!((now.name.as_str(), now.tier.as_str()), ("../../other", "large"));
        assert_eq!(world.fake.hostname(made.id).as_deref(), Some("prod-b"));
        assert_eq!(terminals::stats(&world.services, &who, made.id).await.unwrap().memory_bytes_limit, 2 << 30);
        let none = PatchTerminal { name: None, tier: Some(Slug::parse("nothing").unwrap()) };
        let problem = terminals::change(&world.services, &who, made.id, none).await.unwrap_err().problem();
        assert_eq!(problem.field.as_deref(), Some("tier"));
        assert_eq!(world.events_about(made.id).await[1..], ["terminal_resized", "terminal_renamed"]);
    }
}

#[tokio::test]
async fn a_deleted_terminal_is_gone_and_that_is_proven() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let id = world.terminal(&who).await.id;
        let access = world.services.gate.authorize(&who, id, Attach).await.unwrap();
        let deletion = terminals::delete(&world.services, &who, id, None).await.unwrap();
        assert!(deletion.gone);
        assert_eq!(access.lease().check(), Err(Revocation::Deleted));
        assert_eq!(world.fake.list().await.unwrap(), []);
        assert!(matches!(
            terminals::get(&world.services, &who, id).await,
            Err(TerminalError::Denied(Denied::NotFound))
        ));
        let events = world.events_about(id).await;
        assert_eq!(events[1..], ["terminal_delete_started", "terminal_deleted"]);
        let trail = world.services.db.read().await.unwrap().audit_after(0, 100).await.unwrap();
        assert!(trail.last().unwrap().detail.as_ref().unwrap().contains("absent"), "the proof is in the trail");
    }
}

#[tokio::test]
async fn a_locked_terminal_is_deleted_only_with_a_code() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let codes = world.enrol(&who).await;
        // The first code of a factor ends the logins that were made without it.
        let who = world.signed_in(who.user, who.username.clone()).await;
        let (id, other) = (world.terminal(&who).await.id, world.terminal(&who).await.id);
        world.lock(id).await;
        let problem = terminals::delete(&world.services, &who, id, None).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Locked);
        let wrong = Sensitive::new("000000");
        let problem = terminals::delete(&world.services, &who, id, Some(&wrong)).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::WrongCode);
        assert_eq!(world.fake.list().await.unwrap().len(), 2, "still there");
        assert!(terminals::delete(&world.services, &who, id, Some(&codes[0])).await.unwrap().gone);
        // The code was spent with it.
        world.lock(other).await;
        let again = terminals::delete(&world.services, &who, other, Some(&codes[0])).await;
        assert_eq!(again.unwrap_err().problem().kind, ProblemKind::WrongCode);
        // An administrator's code opens nothing here either, and without one it is refused the same way.
        let admin = world.person("grace").await;
        let problem = terminals::delete_any(&world.services, &admin, other, None).await.unwrap_err().problem();
        assert_eq!(problem.kind, ProblemKind::Locked);
        // Locking between the look and the deed is seen by the deed.
        assert_eq!(world.rows().await.len(), 1);
    }
}

#[tokio::test]
async fn somebody_elses_terminal_is_like_none() {
    for db in database::each().await {
        let world = World::new(&db);
        let (ada, eve) = (world.person("ada").await, world.person("eve").await);
        let id = world.terminal(&ada).await.id;
        let (services, nobody) = (&world.services, TerminalId::new(uuid::Uuid::new_v4()));
        for id in [id, nobody] {
            let refused: Vec<TerminalError> = vec![
                terminals::get(services, &eve, id).await.unwrap_err(),
                terminals::start(services, &eve, id).await.unwrap_err(),
                terminals::stop(services, &eve, id).await.unwrap_err(),
                terminals::restart(services, &eve, id).await.unwrap_err(),
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
async fn lists_come_in_pages() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        for _ in 0..5 {
            world.terminal(&who).await;
        }
        let (mut after, mut seen) = (Some(TerminalCursor::default().to_string()), Vec::new());
        while let Some(place) = after {
            let page = terminals::list(&world.services, &who, place.parse().unwrap(), 2).await.unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items.into_iter().map(|t| t.id));
            after = page.next;
        }
        let all = terminals::list(&world.services, &who, TerminalCursor::default(), 50).await.unwrap();
        assert_eq!(seen, all.items.iter().map(|t| t.id).collect::<Vec<_>>());
        assert_eq!(seen.len(), 5);
    }
}

/// The server is killed in the middle of everything at once; the next one mends it.
#[tokio::test]
async fn what_a_crash_leaves_is_mended() {
    for db in database::each().await {
        a_crash_is_mended_on(&db).await;
    }
}

async fn a_crash_is_mended_on(db: &TestDb) {
    let world = World::new(db);
    let who = world.person("ada").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(world.terminal(&who).await.id);
    }
    let [running, died, stopping, deleting, starting, lost] = ids[..] else { panic!() };
    let mut tx = world.services.db.begin().await.unwrap();
    use TerminalState::{Creating, Running, Stopped};
    tx.move_terminal(stopping, Running, Stopped, None).await.unwrap();
    tx.begin_deletion(&crate::proofs::proof::<access::Delete>(deleting), false).await.unwrap();
    tx.move_terminal(starting, Running, Creating, None).await.unwrap();
    tx.commit().await.unwrap();
    world.fake.kill(died);
    world.fake.kill(starting);
    world.fake.delete(lost).await.unwrap();
    // A launch that was cut short, with a record.
    let mut half = world.rows().await[0].clone();
    half.id = TerminalId::new(uuid::Uuid::new_v4());
    (half.state, half.last_active_at) = (Creating, half.created_at);
    let mut tx = world.services.db.begin().await.unwrap();
    tx.insert_terminal(&half).await.unwrap();
    tx.commit().await.unwrap();
    // What the engine finished after the terminal was deleted; and one whose record is in another database.
    let (late, strange) = (world.terminal(&who).await.id, TerminalId::new(uuid::Uuid::new_v4()));
    assert!(terminals::delete(&world.services, &who, late, None).await.unwrap().gone);
    for id in [late, strange] {
        let spec = LaunchSpec { id, ..crate::runtime_contract::spec() };
        world.fake.create(&spec, crate::runtime_contract::quiet()).await.unwrap();
    }

    let next = world.restarted(db);
    reaper::mend(&next.services).await;
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
    let (stopped, runs) = (Found::Stopped, Found::Running);
    assert_eq!(engine.remove(0), (strange, runs), "nobody decided its end: its home is not ours to remove");
    assert_eq!(engine, [(running, runs), (died, stopped), (stopping, stopped), (starting, stopped)]);
    assert_eq!(next.events_about(half.id).await, ["terminal_create_failed!"]);
    // Nothing is left to mend.
    let before = next.rows().await;
    reaper::mend(&next.services).await;
    assert_eq!(next.rows().await, before);
}

/// Paused behind the server's back: nobody can use it, so it is stopped; whichever way it goes on, the record follows.
#[tokio::test]
async fn a_paused_terminal_is_stopped_until_it_goes_on() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let id = world.terminal(&who).await.id;
        let paused = async || {
            world.fake.becomes(id, Found::Paused);
            reaper::mend(&world.services).await;
            let seen = terminals::get(&world.services, &who, id).await.unwrap();
            assert_eq!(seen.state, TerminalState::Stopped);
            assert!(seen.error.is_some_and(|why| why.contains("paused")));
        };
        let state = async || {
            let seen = terminals::get(&world.services, &who, id).await.unwrap();
            assert_eq!(seen.error, None);
            (seen.state, world.fake.list().await.unwrap()[0].1)
        };
        paused().await;
        terminals::start(&world.services, &who, id).await.unwrap();
        assert_eq!(state().await, (TerminalState::Running, Found::Running));
        paused().await;
        terminals::stop(&world.services, &who, id).await.unwrap();
        assert_eq!(state().await, (TerminalState::Stopped, Found::Stopped), "it does not stay paused");
        terminals::start(&world.services, &who, id).await.unwrap();
        paused().await;
        world.fake.becomes(id, Found::Running);
        reaper::mend(&world.services).await;
        assert_eq!(state().await, (TerminalState::Running, Found::Running), "whoever paused it let it go on");
    }
}

/// What the engine finishes after the start is seen soon, and a home that is gone is told before somebody starts it.
#[tokio::test]
async fn what_is_lost_after_the_start_is_seen_soon() {
    let db = database::sqlite().await;
    let world = World::new(&db);
    let who = world.person("ada").await;
    let id = world.terminal(&who).await.id;
    terminals::stop(&world.services, &who, id).await.unwrap();
    reaper::mend(&world.services).await;
    tokio::spawn(reaper::watch(world.services.clone()));
    world.fake.becomes(id, Found::Emptied);
    let told = async {
        while terminals::get(&world.services, &who, id).await.unwrap().state != TerminalState::Failed {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("told");
    world.services.shutdown.cancel();
}

/// The server ended after the engine took a tier and before the record said so.
#[tokio::test]
async fn a_tier_is_what_the_record_says() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let id = world.terminal(&who).await.id;
        let before = world.fake.limits(id).unwrap();
        world.fake.set_limits(id, Limits { memory_bytes: 4 << 30, cpu_millis: 4000 }).await.unwrap();
        reaper::mend(&world.restarted(&db).services).await;
        assert_eq!(world.fake.limits(id), Some(before));
    }
}

/// A data directory, keys, a database and an engine that do not belong together: nothing is served, nothing is changed.
#[tokio::test]
async fn what_does_not_belong_together_does_not_start() {
    for (db, fresh) in database::each().await.into_iter().zip(database::each().await) {
        let world = World::new(&db);
        preflight::check(&world.services, "one").await.unwrap();
        let other = preflight::check(&world.services, "two").await;
        assert!(matches!(other, Err(Foreign::Instance { database, .. }) if database == "one"), "{}", db.name);
        let who = world.person("ada").await;
        world.terminal(&who).await;
        preflight::check(&world.services, "one").await.unwrap();
        // The database is lost, and a new one takes its place.
        let lost = World::on(&fresh, world.fake.clone(), world.services.runtime.clone());
        assert!(matches!(preflight::check(&lost.services, "one").await, Err(Foreign::Emptied(1))));
        assert_eq!(world.fake.list().await.unwrap().len(), 1);
        // The keys are lost, and new ones are made.
        world.enrol(&who).await;
        preflight::check(&world.services, "one").await.unwrap();
        assert!(matches!(preflight::check(&world.restarted(&db).services, "one").await, Err(Foreign::NoKey(_))));
    }
}

#[tokio::test]
async fn a_deletion_the_engine_refuses_is_finished_later() {
    for db in database::each().await {
        let world = World::new(&db);
        let who = world.person("ada").await;
        let id = world.terminal(&who).await.id;
        world.fake.script(Script { stuck: true, ..Script::default() });
        assert!(!terminals::delete(&world.services, &who, id, None).await.unwrap().gone);
        assert_eq!(terminals::get(&world.services, &who, id).await.unwrap().state, TerminalState::Deleting);
        assert!(world.services.gate.authorize(&who, id, Attach).await.is_err(), "nobody reaches it meanwhile");
        world.fake.script(Script::default());
        reaper::mend(&world.services).await;
        assert_eq!(world.rows().await, []);
        // An engine that is away at start does not end the server.
        world.fake.script(Script { away: true, ..Script::default() });
        reaper::mend(&world.services).await;
    }
}

#[tokio::test]
async fn events_are_for_the_owner_and_end_with_the_login() {
    for db in database::each().await {
        let world = World::new(&db);
        let (ada, eve) = (world.person("ada").await, world.person("eve").await);
        let mut heard = Box::pin(terminals::events(&world.services, ada.clone()).await.unwrap());
        world.terminal(&eve).await;
        let id = world.terminal(&ada).await.id;
        let mut stages = Vec::new();
        while stages.len() < Stage::ALL.len() {
            match heard.next().await.unwrap() {
                Event::Terminal { terminal } => assert_eq!(terminal.id, id, "only one's own"),
                Event::Progress { id: of, stage } => {
                    assert_eq!(of, id);
                    stages.push(stage);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(stages, Stage::ALL);
        let Some(Event::Terminal { terminal }) = heard.next().await else { panic!("its end is told") };
        assert_eq!(terminal.state, TerminalState::Running);
        // A listener that falls behind is told to read everything again.
        for _ in 0..400 {
            world.services.events.publish(ada.user, rexec::events::TerminalEvent::Changed(id));
        }
        assert_eq!(heard.next().await, Some(Event::Resync));
        let mut tx = world.services.db.begin().await.unwrap();
        tx.delete_session(ada.login_session().unwrap(), ada.user).await.unwrap();
        tx.commit().await.unwrap();
        let _ = world
            .services
            .revocations
            .revoke(Scope::Session(ada.login_session().unwrap()), Revocation::LoginEnded, Duration::ZERO)
            .await;
        let rest = tokio::time::timeout(Duration::from_secs(30), heard.collect::<Vec<_>>()).await.expect("it ends");
        assert!(rest.len() <= 256);
        assert!(matches!(
            terminals::events(&world.services, ada).await.err(),
            Some(TerminalError::Denied(Denied::NotLoggedIn))
        ));
    }
}
