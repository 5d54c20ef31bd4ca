//! What only the real engine shows: controls in force, hostile images, changes made without the server.

use std::sync::Arc;

use access::Clock;
use protocol::{
    names::Slug,
    security::Verdict,
    terminals::{PatchTerminal, TerminalState},
};
use rexec::terminals::{self, Completion};
use sandbox::{EngineError, LaunchSpec, ObservedState, fake::FakeEngine};

use crate::support::{
    database::{self, sandbox_of},
    engine::{RealEngine, docker, docker_try, launch_spec, never, no_progress},
    environment::TestEnvironment,
};
use sandbox::{GuestConnection as _, Inspection as _, Lifecycle as _};

#[tokio::test]
async fn every_control_of_the_profile_is_in_force() {
    let Some(real) = RealEngine::start().await else { return };
    let spec = launch_spec();
    real.engine.create(&spec, no_progress(), &never()).await.expect("made and verified");
    let report = real.engine.security(&spec).await.unwrap();
    // Controls that are not built yet, and controls that only some hosts support.
    let pending = ["seccomp_own", "quota", "egress", "names", "own_kernel"];
    let by_host = ["user_namespace", "mac", "block_io"];
    for row in &report.rows {
        let expected = if pending.contains(&row.id.as_str()) { Verdict::NotInForce } else { Verdict::Verified };
        let missing_on_host = by_host.contains(&row.id.as_str()) && row.verdict == Verdict::NotInForce;
        assert!(row.verdict == expected || missing_on_host, "{row:#?}");
    }
    assert!(report.score_tenths >= 80, "{}", report.score_tenths);
    let name = real.name_of(spec.id);
    assert_eq!(docker(&["inspect", "--format", "{{.HostConfig.Privileged}} {{.LogPath}}|", &name]).await, "false |");
    let pid_one = docker(&["exec", &name, "grep", "-E", "CapPrm|NoNewPrivs|Seccomp:", "/proc/1/status"]).await;
    assert!(
        pid_one.contains("00000000000004eb") && pid_one.contains("NoNewPrivs:\t1") && pid_one.contains("Seccomp:\t2")
    );
    real.engine.delete(spec.id).await.unwrap();
}

/// A failing test cleans up its own containers, and only those.
#[tokio::test]
async fn a_failing_test_leaves_no_container_and_no_volume() {
    let (Some(fails), Some(other)) = (RealEngine::start().await, RealEngine::start().await) else { return };
    let (spec, other_spec) = (launch_spec(), launch_spec());
    let name = fails.name_of(spec.id);
    other.engine.create(&other_spec, no_progress(), &never()).await.unwrap();
    let failing = tokio::spawn(async move {
        fails.engine.create(&spec, no_progress(), &never()).await.unwrap();
        assert_eq!(fails.engine.list().await.unwrap(), [], "fails on purpose");
    });
    assert!(failing.await.unwrap_err().is_panic());
    assert!(docker_try(&["inspect", &name]).await.is_err(), "the container is gone");
    assert!(docker_try(&["volume", "inspect", &name]).await.is_err(), "and its volume");
    assert_eq!(other.engine.list().await.unwrap(), [(other_spec.id, ObservedState::Running)]);
}

#[tokio::test]
async fn instances_do_not_see_each_others_containers() {
    let (Some(ours), Some(other)) = (RealEngine::start().await, RealEngine::start().await) else { return };
    let spec = launch_spec();
    ours.engine.create(&spec, no_progress(), &never()).await.unwrap();
    assert_eq!(other.engine.list().await.unwrap(), []);
    other.engine.delete(spec.id).await.unwrap();
    assert!(matches!(other.engine.stop(spec.id).await, Err(EngineError::NoContainer)));
    assert_eq!(ours.engine.list().await.unwrap(), [(spec.id, ObservedState::Running)]);
    ours.engine.delete(spec.id).await.unwrap();
}

#[tokio::test]
async fn an_image_cannot_override_the_entry_point_or_declare_volumes() {
    let Some(real) = RealEngine::start().await else { return };
    let made = docker(&["create", "rexec/debian:1", "true"]).await;
    let tag = |kind: &str| format!("rexec-test/{kind}-{}", real.instance.simple());
    let (bossy, leaky) = (tag("bossy"), tag("leaky"));
    let overridden_settings =
        ["-c", "USER nobody", "-c", "ENTRYPOINT [\"/bin/false\"]", "-c", "HEALTHCHECK CMD /bin/true"];
    docker(&[&["commit"], &overridden_settings[..], &[&made, &bossy]].concat()).await;
    docker(&["commit", "-c", "VOLUME /srv", &made, &leaky]).await;
    docker(&["rm", &made]).await;

    let refused = LaunchSpec { image_reference: leaky.clone(), ..launch_spec() };
    assert!(matches!(real.engine.create(&refused, no_progress(), &never()).await, Err(EngineError::ImageRefused(..))));
    let accepted = LaunchSpec { image_reference: bossy.clone(), ..launch_spec() };
    real.engine.create(&accepted, no_progress(), &never()).await.expect("the image's wishes are overridden");
    let report = real.engine.security(&accepted).await.unwrap();
    assert!(report.rows.iter().all(|row| row.verdict != Verdict::Differs), "{report:#?}");
    real.clean().await;
    docker(&["rmi", &bossy, &leaky]).await;
}

/// When the container is removed by hand, the home volume remains and the next start creates a container for it.
#[tokio::test]
async fn a_removed_or_altered_container_is_recreated_around_its_home() {
    let Some(real) = RealEngine::start().await else { return };
    let spec = launch_spec();
    real.engine.create(&spec, no_progress(), &never()).await.unwrap();
    let name = real.name_of(spec.id);
    docker(&["exec", "-u", "1000", &name, "sh", "-c", "echo kept > /home/user/file"]).await;
    docker(&["rm", "-f", &name]).await;
    assert_eq!(real.engine.list().await.unwrap(), [(spec.id, ObservedState::HomeOnly)]);
    real.engine.start(&spec, &never()).await.expect("made anew");
    assert_eq!(docker(&["exec", &name, "cat", "/home/user/file"]).await, "kept");

    // A container whose limits were loosened while it was stopped is not started as it is.
    real.engine.stop(spec.id).await.unwrap();
    docker(&["update", "--pids-limit", "4096", &name]).await;
    real.engine.start(&spec, &never()).await.expect("made anew");
    assert_eq!(docker(&["inspect", "--format", "{{.HostConfig.PidsLimit}}", &name]).await, "256");
    assert_eq!(docker(&["exec", &name, "cat", "/home/user/file"]).await, "kept");
    real.engine.delete(spec.id).await.unwrap();
}

#[tokio::test]
async fn a_running_container_is_adopted_after_a_restart_of_the_server() {
    let Some(mut real) = RealEngine::start().await else { return };
    let spec = launch_spec();
    real.engine.create(&spec, no_progress(), &never()).await.unwrap();
    real.engine = real.restarted().await;
    real.engine.reconnect(spec.id).await.unwrap();
    let report = real.engine.security(&spec).await.unwrap();
    let capabilities = report.rows.iter().find(|row| row.id == "capabilities").unwrap();
    assert_eq!(capabilities.verdict, Verdict::Verified, "the guest came back: {capabilities:?}");
    real.engine.delete(spec.id).await.unwrap();
}

/// Create, inspect, change, restart, reconcile and delete on the real engine.
#[tokio::test]
async fn the_use_cases_work_on_the_real_engine() {
    let Some(real) = RealEngine::start().await else { return };
    let db = database::sqlite().await;
    let env = TestEnvironment::on(&db, FakeEngine::new(Clock::System), Arc::new(real.engine.clone()));
    let who = env.user("ada").await;
    let id = env.terminal(&who).await.id;
    let report = terminals::security(&env.services, &who, id).await.unwrap();
    assert!(report.score_tenths >= 80);
    let tier = PatchTerminal { tier: Some(Slug::parse("small").unwrap()), ..Default::default() };
    terminals::change(&env.services, &who, id, tier).await.unwrap();
    let stats = terminals::stats(&env.services, &who, id).await.unwrap();
    assert_eq!(stats.memory_bytes_limit, 512 << 20);
    terminals::restart(&env.services, &who, id, None).await.unwrap();
    docker(&["rm", "-f", &real.name_of(sandbox_of(id))]).await;
    terminals::reconciler::reconcile(&env.services).await;
    let seen = terminals::get(&env.services, &who, id).await.unwrap();
    assert_eq!(seen.state, TerminalState::Stopped, "the record follows the engine");
    assert!(matches!(terminals::start(&env.services, &who, id).await, Ok(Completion::Done(_))));
    assert!(terminals::delete(&env.services, &who, id, None).await.unwrap().gone);
    assert!(docker_try(&["volume", "inspect", &real.name_of(sandbox_of(id))]).await.is_err(), "the home is gone");
    assert_eq!(std::fs::read_dir(real.data.path().join("link")).unwrap().count(), 0, "the link folder is gone");
}

/// The container is paused, or removed except for its directory, without the server.
#[tokio::test]
async fn a_paused_container_resumes_and_a_missing_home_is_reported() {
    let Some(real) = RealEngine::start().await else { return };
    let db = database::sqlite().await;
    let env = TestEnvironment::on(&db, FakeEngine::new(Clock::System), Arc::new(real.engine.clone()));
    let who = env.user("ada").await;
    let id = env.terminal(&who).await.id;
    let name = real.name_of(sandbox_of(id));
    let state = async || terminals::get(&env.services, &who, id).await.unwrap().state;
    docker(&["exec", "-d", "-u", "1000", &name, "sleep", "1000"]).await;
    docker(&["pause", &name]).await;
    assert_eq!(real.engine.list().await.unwrap(), [(sandbox_of(id), ObservedState::Paused)]);
    terminals::reconciler::reconcile(&env.services).await;
    assert_eq!(state().await, TerminalState::Stopped, "nobody can use it");
    terminals::start(&env.services, &who, id).await.unwrap();
    assert_eq!(state().await, TerminalState::Running);
    let running = docker(&["exec", "-u", "1000", &name, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).await;
    assert!(running.contains("sleep 1000"), "what ran in it goes on: {running}");
    docker(&["pause", &name]).await;
    terminals::stop(&env.services, &who, id, None).await.unwrap();
    assert_eq!(real.engine.list().await.unwrap(), [(sandbox_of(id), ObservedState::Stopped)]);
    docker(&["rm", &name]).await;
    docker(&["volume", "rm", &name]).await;
    assert_eq!(real.engine.list().await.unwrap(), [(sandbox_of(id), ObservedState::SocketDirOnly)]);
    terminals::reconciler::reconcile(&env.services).await;
    assert_eq!(state().await, TerminalState::Failed, "reported without an attempt to start it");
    terminals::delete(&env.services, &who, id, None).await.unwrap();
    assert_eq!(real.engine.list().await.unwrap(), []);
}

/// A tier with more cores than the machine is limited to the machine's cores.
#[tokio::test]
async fn a_tier_larger_than_the_machine_starts() {
    let Some(real) = RealEngine::start().await else { return };
    let mut spec = launch_spec();
    spec.limits.cpu_millis = 1_000_000;
    real.engine.create(&spec, no_progress(), &never()).await.expect("made with all the cores there are");
    real.engine.delete(spec.id).await.unwrap();
}
