//! What every engine must do, told once and run on two: the one made of memory always, the real one when
//! `REXEC_TEST_DOCKER=1` says that it may be used (it makes containers).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use access::Clock;
use protocol::{TerminalId, events::Stage};
use sandbox::{
    Engine, EngineError, LaunchSpec, Lifecycle as _, Limits, ObservedState, Progress, fake::FakeEngine,
    profile::STANDARD,
};
use uuid::Uuid;

use crate::engine::RealEngine;

const SMALL: Limits = Limits { memory_bytes: 512 << 20, cpu_millis: 500 };

pub fn spec() -> LaunchSpec {
    LaunchSpec {
        id: TerminalId::new(Uuid::new_v4()),
        image_reference: "rexec/debian:1".into(),
        hostname: "contract".into(),
        limits: SMALL,
        profile: STANDARD,
    }
}

pub fn quiet() -> Progress {
    Arc::new(|_| {})
}

async fn found(runtime: &dyn Engine, id: TerminalId) -> Option<ObservedState> {
    let all = runtime.list().await.expect("the engine lists");
    all.into_iter().find(|(other, _)| *other == id).map(|(_, found)| found)
}

/// Created, used, stopped, started, changed, deleted; each step seen from outside.
async fn a_life(runtime: Arc<dyn Engine>) {
    let (spec, seen) = (spec(), Arc::new(Mutex::new(Vec::new())));
    let told = seen.clone();
    let progress: Progress = Arc::new(move |stage| told.lock().unwrap().push(stage));
    runtime.create(&spec, progress).await.expect("a terminal is made");
    assert_eq!(*seen.lock().unwrap(), Stage::ALL[1..], "every stage after the record, in order, once");
    assert_eq!(found(&*runtime, spec.id).await, Some(ObservedState::Running));

    let stats = runtime.stats(spec.id).await.expect("statistics");
    assert_eq!((stats.memory_bytes_limit, stats.cpu_millis_limit, stats.pids_limit), (512 << 20, 500, 256));
    assert!(stats.memory_bytes > 0 && stats.memory_bytes < 512 << 20 && stats.pids >= 1, "{stats:?}");

    runtime.stop(spec.id).await.expect("it stops");
    runtime.stop(spec.id).await.expect("stopping twice is no error");
    assert_eq!(found(&*runtime, spec.id).await, Some(ObservedState::Stopped));
    assert!(matches!(runtime.stats(spec.id).await, Err(EngineError::NoContainer)));
    runtime.start(&spec).await.expect("it starts again");
    assert_eq!(found(&*runtime, spec.id).await, Some(ObservedState::Running));

    let larger = Limits { memory_bytes: 1 << 30, cpu_millis: 1000 };
    runtime.set_limits(spec.id, larger).await.expect("limits change live");
    assert_eq!(runtime.stats(spec.id).await.unwrap().memory_bytes_limit, 1 << 30);

    let absence = runtime.delete(spec.id).await.expect("it is deleted");
    assert!(absence.to_string().contains("absent"));
    assert_eq!(found(&*runtime, spec.id).await, None);
    runtime.delete(spec.id).await.expect("deleting what is gone is no error");
}

async fn what_is_not_there(runtime: Arc<dyn Engine>) {
    let spec = spec();
    assert!(matches!(runtime.start(&spec).await, Err(EngineError::NoContainer)));
    assert!(matches!(runtime.stop(spec.id).await, Err(EngineError::NoContainer)));
    assert!(matches!(runtime.reconnect(spec.id).await, Err(EngineError::NoContainer)));
    assert!(matches!(runtime.set_limits(spec.id, SMALL).await, Err(EngineError::NoContainer)));
    assert!(matches!(runtime.security(&spec).await, Err(EngineError::NoContainer)));
    let unknown = LaunchSpec { image_reference: "rexec/no-such-image:9".into(), ..spec.clone() };
    assert!(matches!(runtime.create(&unknown, quiet()).await, Err(EngineError::NoImage(_))));
    assert_eq!(found(&*runtime, spec.id).await, None, "a failed launch leaves nothing");
    assert_eq!(runtime.image_size("rexec/no-such-image:9").await.unwrap(), None);
    assert!(runtime.image_size("rexec/debian:1").await.unwrap().is_some_and(|bytes| bytes > 1 << 20));
}

async fn the_first_of_two(runtime: Arc<dyn Engine>) {
    let spec = spec();
    runtime.create(&spec, quiet()).await.unwrap();
    assert!(matches!(runtime.create(&spec, quiet()).await, Err(EngineError::Failed(_))));
    assert_eq!(found(&*runtime, spec.id).await, Some(ObservedState::Running), "a second launch of an id harms nothing");
    runtime.delete(spec.id).await.unwrap();
}

/// The caller goes away in the middle of a launch, at each stage in turn.
async fn an_abandoned_launch(runtime: Arc<dyn Engine>) {
    for stage in [Stage::Volume, Stage::Container, Stage::Verified] {
        let spec = spec();
        let (tell, mut told) = tokio::sync::mpsc::channel(8);
        let progress: Progress = Arc::new(move |stage| {
            let _ = tell.try_send(stage);
        });
        let (engine, launched) = (runtime.clone(), spec.clone());
        let launch = tokio::spawn(async move { engine.create(&launched, progress).await });
        while told.recv().await.is_some_and(|seen| seen != stage) {}
        launch.abort();
        let gone = async {
            while found(&*runtime, spec.id).await.is_some() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.expect("nothing is left");
    }
}

/// A deletion does not wait for a launch, and what the launch made is gone with it.
async fn a_deletion_in_the_middle(runtime: Arc<dyn Engine>) {
    let spec = spec();
    let (tell, mut told) = tokio::sync::mpsc::channel(8);
    let progress: Progress = Arc::new(move |stage| {
        let _ = tell.try_send(stage);
    });
    let (engine, launched) = (runtime.clone(), spec.clone());
    let launch = tokio::spawn(async move { engine.create(&launched, progress).await });
    while told.recv().await.is_some_and(|seen| seen != Stage::Volume) {}
    runtime.delete(spec.id).await.expect("deleted");
    assert!(launch.await.unwrap().is_err(), "the launch does not claim to have got through");
    assert_eq!(found(&*runtime, spec.id).await, None);
}

async fn on_both(story: impl AsyncFn(Arc<dyn Engine>)) {
    let fake = FakeEngine::new(Clock::System);
    fake.script(sandbox::fake::Script { pace: Duration::from_millis(2), ..Default::default() });
    story(Arc::new(fake)).await;
    if let Some(real) = RealEngine::start().await {
        story(Arc::new(real.runtime.clone())).await;
        assert_eq!(real.runtime.list().await.unwrap(), [], "the story cleaned up");
    }
}

#[tokio::test]
async fn a_terminal_lives_and_is_gone() {
    on_both(a_life).await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    on_both(what_is_not_there).await;
}

#[tokio::test]
async fn a_second_launch_of_an_id_harms_nothing() {
    on_both(the_first_of_two).await;
}

#[tokio::test]
async fn an_abandoned_launch_leaves_nothing() {
    on_both(an_abandoned_launch).await;
}

#[tokio::test]
async fn a_deletion_in_the_middle_of_a_launch_wins() {
    on_both(a_deletion_in_the_middle).await;
}
