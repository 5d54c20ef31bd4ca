//! The contract of every engine, run on the fake one always and on the real one when
//! `REXEC_TEST_DOCKER=1` allows it to create containers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use access::Clock;
use protocol::{SandboxId, events::Stage};
use sandbox::{Engine, EngineError, LaunchSpec, Limits, ObservedState, Progress, fake::FakeEngine};

use crate::support::engine::{RealEngine, SMALL, launch_spec, never, no_progress};
use sandbox::Lifecycle as _;
use tokio_util::sync::CancellationToken;

/// What the engine has of a sandbox. The list of all and the observation of one agree.
async fn found(engine: &dyn Engine, id: SandboxId) -> Option<ObservedState> {
    let all = engine.list().await.expect("the engine lists");
    let listed = all.into_iter().find(|(other, _)| *other == id).map(|(_, found)| found);
    assert_eq!(engine.observe(id).await.expect("the engine answers"), listed);
    listed
}

/// Created, used, stopped, started, changed, deleted; each step is observed from outside.
async fn life_cycle(engine: Arc<dyn Engine>) {
    let (spec, seen) = (launch_spec(), Arc::new(Mutex::new(Vec::new())));
    let reported = seen.clone();
    let progress: Progress = Arc::new(move |stage| reported.lock().unwrap().push(stage));
    engine.create(&spec, progress, &never()).await.expect("a terminal is made");
    assert_eq!(*seen.lock().unwrap(), Stage::ALL[1..], "every stage after the record, in order, once");
    assert_eq!(found(&*engine, spec.id).await, Some(ObservedState::Running));

    let stats = engine.stats(spec.id).await.expect("statistics");
    assert_eq!((stats.memory_bytes_limit, stats.cpu_millis_limit, stats.pids_limit), (512 << 20, 500, 256));
    assert!(stats.memory_bytes > 0 && stats.memory_bytes < 512 << 20 && stats.pids >= 1, "{stats:?}");

    engine.stop(spec.id).await.expect("it stops");
    engine.stop(spec.id).await.expect("stopping twice is no error");
    assert_eq!(found(&*engine, spec.id).await, Some(ObservedState::Stopped));
    assert!(matches!(engine.stats(spec.id).await, Err(EngineError::NoContainer)));
    engine.start(&spec, &never()).await.expect("it starts again");
    assert_eq!(found(&*engine, spec.id).await, Some(ObservedState::Running));

    let larger = Limits { memory_bytes: 1 << 30, cpu_millis: 1000 };
    engine.set_limits(spec.id, larger).await.expect("limits change live");
    assert_eq!(engine.stats(spec.id).await.unwrap().memory_bytes_limit, 1 << 30);

    let absence = engine.delete(spec.id).await.expect("it is deleted");
    assert!(absence.to_string().contains("absent"));
    assert_eq!(found(&*engine, spec.id).await, None);
    engine.delete(spec.id).await.expect("deleting what is gone is no error");
}

async fn missing_objects(engine: Arc<dyn Engine>) {
    let spec = launch_spec();
    assert!(matches!(engine.start(&spec, &never()).await, Err(EngineError::NoContainer)));
    assert!(matches!(engine.stop(spec.id).await, Err(EngineError::NoContainer)));
    assert!(matches!(engine.reconnect(spec.id).await, Err(EngineError::NoContainer)));
    assert!(matches!(engine.set_limits(spec.id, SMALL).await, Err(EngineError::NoContainer)));
    assert!(matches!(engine.security(&spec).await, Err(EngineError::NoContainer)));
    let unknown = LaunchSpec { image_reference: "rexec/no-such-image:9".into(), ..spec.clone() };
    assert!(matches!(engine.create(&unknown, no_progress(), &never()).await, Err(EngineError::ImageMissing(_))));
    assert_eq!(found(&*engine, spec.id).await, None, "a failed launch leaves nothing");
    assert_eq!(engine.image_size("rexec/no-such-image:9").await.unwrap(), None);
    assert!(engine.image_size("rexec/debian:1").await.unwrap().is_some_and(|bytes| bytes > 1 << 20));
}

async fn second_launch(engine: Arc<dyn Engine>) {
    let spec = launch_spec();
    engine.create(&spec, no_progress(), &never()).await.unwrap();
    assert!(matches!(engine.create(&spec, no_progress(), &never()).await, Err(EngineError::Failed(_))));
    assert_eq!(found(&*engine, spec.id).await, Some(ObservedState::Running), "a second launch of an id harms nothing");
    engine.delete(spec.id).await.unwrap();
}

/// The caller cancels a launch, at each stage in turn.
async fn cancelled_launch(engine: Arc<dyn Engine>) {
    for stage in [Stage::Volume, Stage::Container, Stage::Verified] {
        let (spec, cancel) = (launch_spec(), CancellationToken::new());
        let at_stage = cancel.clone();
        let progress: Progress = Arc::new(move |seen| {
            if seen == stage {
                at_stage.cancel();
            }
        });
        let launched = engine.create(&spec, progress, &cancel).await;
        assert!(matches!(launched, Err(EngineError::Cancelled)), "{stage:?}: {launched:?}");
        assert_eq!(found(&*engine, spec.id).await, None, "{stage:?}: nothing is left");
    }
}

async fn on_both(test: impl AsyncFn(Arc<dyn Engine>)) {
    let fake = FakeEngine::new(Clock::System);
    fake.set_behavior(sandbox::fake::FakeBehavior { stage_delay: Duration::from_millis(2), ..Default::default() });
    test(Arc::new(fake)).await;
    if let Some(real) = RealEngine::start().await {
        test(Arc::new(real.engine.clone())).await;
        assert_eq!(real.engine.list().await.unwrap(), [], "the test cleaned up");
    }
}

#[tokio::test]
async fn a_terminal_is_created_used_changed_and_deleted() {
    on_both(life_cycle).await;
}

#[tokio::test]
async fn missing_containers_and_images_are_reported_as_missing() {
    on_both(missing_objects).await;
}

#[tokio::test]
async fn a_second_launch_of_an_id_leaves_the_first_unchanged() {
    on_both(second_launch).await;
}

#[tokio::test]
async fn a_cancelled_launch_leaves_nothing() {
    on_both(cancelled_launch).await;
}
