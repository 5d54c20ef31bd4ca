//! An in-memory engine for tests that need no containers. It follows the contract of the port: the same contract tests
//! run on it and on Docker. Tests can make it fail or delay at each stage.

mod guest;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use access::{Attach, Authorized, Clock};
use async_trait::async_trait;
use guest::FakeGuest;
use protocol::{
    SandboxId,
    admin::{Finding, Level},
    events::Stage,
    security::{SecurityReport, SecurityRow, Verdict},
    terminals::Stats,
};
use terminal::GuestLink;
use tokio_util::sync::CancellationToken;

use crate::{
    ConfirmedRemoval, EngineError, GuestConnection, Inspection, LaunchSpec, Lifecycle, Limits, ObservedState, Progress,
    profile::{COMMANDS, Control},
};

/// Images that this engine has.
const IMAGES: [&str; 2] = ["rexec/debian:1", "rexec/dev:1"];
const IMAGE_BYTES: u64 = 100 * 1024 * 1024;

/// Behavior of the next calls.
#[derive(Debug, Clone, Default)]
pub struct FakeBehavior {
    /// A launch fails before this stage.
    pub fail_at: Option<Stage>,
    /// Delay before each stage of a launch.
    pub stage_delay: Duration,
    /// A launch waits until this is cancelled.
    pub start_after: Option<CancellationToken>,
    /// Every call fails with [`EngineError::Unavailable`].
    pub unavailable: bool,
    /// Deletions fail.
    pub delete_fails: bool,
}

/// The in-memory engine.
#[derive(Debug, Clone)]
pub struct FakeEngine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    behavior: Mutex<FakeBehavior>,
    containers: Mutex<HashMap<SandboxId, FakeContainer>>,
}

#[derive(Debug, Clone)]
struct FakeContainer {
    state: ObservedState,
    limits: Limits,
    hostname: String,
    pids_max: u32,
    guest: Arc<FakeGuest>,
}

impl FakeEngine {
    /// An engine without containers.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, behavior: Mutex::default(), containers: Mutex::default() }))
    }

    /// Sets the behavior of the next calls.
    pub fn set_behavior(&self, behavior: FakeBehavior) {
        *self.0.behavior.lock().unwrap_or_else(PoisonError::into_inner) = behavior;
    }

    /// Host name of a container.
    pub fn hostname(&self, id: SandboxId) -> Option<String> {
        self.containers().get(&id).map(|container| container.hostname.clone())
    }

    /// Limits of a container.
    pub fn limits(&self, id: SandboxId) -> Option<Limits> {
        self.containers().get(&id).map(|container| container.limits)
    }

    /// Changes the state of a container without the server, as a reboot or an operator does.
    pub fn set_state(&self, id: SandboxId, state: ObservedState) {
        if let Some(container) = self.containers().get_mut(&id) {
            container.state = state;
        }
    }

    /// Stops a container without the server.
    pub fn kill(&self, id: SandboxId) {
        self.set_state(id, ObservedState::Stopped);
    }

    fn containers(&self) -> MutexGuard<'_, HashMap<SandboxId, FakeContainer>> {
        self.0.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The behavior of a call, or the error of an engine that is unavailable.
    fn behavior(&self) -> Result<FakeBehavior, EngineError> {
        let behavior = self.0.behavior.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if behavior.unavailable {
            return Err(EngineError::Unavailable("the fake engine is unavailable".into()));
        }
        Ok(behavior)
    }

    fn with_container<T>(&self, id: SandboxId, access: impl FnOnce(&mut FakeContainer) -> T) -> Result<T, EngineError> {
        self.behavior()?;
        self.containers().get_mut(&id).map(access).ok_or(EngineError::NoContainer)
    }

    /// Runs the stages of a launch.
    async fn run_stages(&self, id: SandboxId, behavior: &FakeBehavior, progress: &Progress) -> Result<(), EngineError> {
        if let Some(start) = &behavior.start_after {
            start.cancelled().await;
        }
        for stage in Stage::ALL.into_iter().skip(1) {
            tokio::time::sleep(behavior.stage_delay).await;
            if behavior.fail_at == Some(stage) {
                return Err(match stage {
                    Stage::Verified => EngineError::ProfileMismatch("pids: not set".into()),
                    Stage::Inside => EngineError::GuestUnresponsive("scripted failure".into()),
                    _ => EngineError::Failed("scripted failure".into()),
                });
            }
            let running = stage >= Stage::Started;
            let state = if running { ObservedState::Running } else { ObservedState::Stopped };
            self.with_container(id, |container| container.state = state)?;
            progress(stage);
        }
        Ok(())
    }
}

#[async_trait]
impl Lifecycle for FakeEngine {
    async fn create(
        &self,
        spec: &LaunchSpec,
        progress: Progress,
        cancel: &CancellationToken,
    ) -> Result<(), EngineError> {
        let behavior = self.behavior()?;
        if !IMAGES.contains(&spec.image_reference.as_str()) {
            return Err(EngineError::ImageMissing(spec.image_reference.clone()));
        }
        if self.containers().contains_key(&spec.id) {
            return Err(EngineError::Failed("the volume exists already".into()));
        }
        let container = FakeContainer {
            state: ObservedState::HomeOnly,
            limits: spec.limits,
            hostname: spec.hostname.clone(),
            pids_max: spec.profile.pids_max,
            guest: Arc::default(),
        };
        self.containers().insert(spec.id, container);
        let launched = tokio::select! {
            launched = self.run_stages(spec.id, &behavior, &progress) => launched,
            () = cancel.cancelled() => Err(EngineError::Cancelled),
        };
        if launched.is_err() {
            self.containers().remove(&spec.id);
        }
        launched
    }

    async fn start(&self, spec: &LaunchSpec, cancel: &CancellationToken) -> Result<(), EngineError> {
        let behavior = self.behavior()?;
        if let Some(start) = &behavior.start_after {
            tokio::select! {
                () = start.cancelled() => {}
                () = cancel.cancelled() => return Err(EngineError::Cancelled),
            }
        }
        if behavior.fail_at == Some(Stage::Started) {
            return Err(EngineError::Failed("scripted failure".into()));
        }
        self.with_container(spec.id, |container| {
            match container.state {
                ObservedState::Running | ObservedState::Paused => {}
                ObservedState::Stopped | ObservedState::HomeOnly => container.guest = Arc::default(),
                ObservedState::SocketDirOnly => return Err(EngineError::NoContainer),
            }
            (container.state, container.limits) = (ObservedState::Running, spec.limits);
            Ok(())
        })?
    }

    async fn stop(&self, id: SandboxId) -> Result<(), EngineError> {
        self.with_container(id, |container| container.state = ObservedState::Stopped)
    }

    async fn delete(&self, id: SandboxId) -> Result<ConfirmedRemoval, EngineError> {
        if self.behavior()?.delete_fails {
            return Err(EngineError::Failed("the container still exists".into()));
        }
        self.containers().remove(&id);
        let name = format!("fake-{id}");
        Ok(ConfirmedRemoval { container: name.clone(), volume: name })
    }

    async fn set_limits(&self, id: SandboxId, limits: Limits) -> Result<(), EngineError> {
        self.with_container(id, |container| container.limits = limits)
    }

    async fn observe(&self, id: SandboxId) -> Result<Option<ObservedState>, EngineError> {
        self.behavior()?;
        Ok(self.containers().get(&id).map(|container| container.state))
    }

    async fn list(&self) -> Result<Vec<(SandboxId, ObservedState)>, EngineError> {
        self.behavior()?;
        Ok(self.containers().iter().map(|(id, container)| (*id, container.state)).collect())
    }
}

#[async_trait]
impl Inspection for FakeEngine {
    async fn stats(&self, id: SandboxId) -> Result<Stats, EngineError> {
        let container = self.with_container(id, |container| container.clone())?;
        if container.state != ObservedState::Running {
            return Err(EngineError::NoContainer);
        }
        Ok(Stats {
            cpu_millis: 5,
            cpu_millis_limit: container.limits.cpu_millis,
            memory_bytes: 6 * 1024 * 1024,
            memory_bytes_limit: container.limits.memory_bytes,
            pids: 2,
            pids_limit: container.pids_max,
            at: self.0.clock.now(),
        })
    }

    async fn security(&self, spec: &LaunchSpec) -> Result<SecurityReport, EngineError> {
        let running = self.with_container(spec.id, |container| container.state)? == ObservedState::Running;
        let row = |control: &Control| {
            let note = if running { "The in-memory engine protects nothing." } else { control.protects };
            SecurityRow {
                id: control.id.to_owned(),
                title: control.title.to_owned(),
                asked: control.requested(&spec.profile),
                outside: None,
                inside: running.then(|| "text of the guest".to_owned()),
                verdict: if control.not_in_force.is_some() { Verdict::NotInForce } else { Verdict::Unknown },
                points: control.points,
                note: control.not_in_force.unwrap_or(note).to_owned(),
            }
        };
        Ok(SecurityReport {
            profile: spec.profile.name.to_owned(),
            score_tenths: 0,
            rows: spec.profile.controls.iter().map(row).collect(),
            commands: COMMANDS.iter().map(|c| (*c).to_owned()).collect(),
            at: self.0.clock.now(),
        })
    }

    async fn image_size(&self, reference: &str) -> Result<Option<u64>, EngineError> {
        self.behavior()?;
        Ok(IMAGES.contains(&reference).then_some(IMAGE_BYTES))
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.behavior().map(drop)
    }

    async fn probe(&self) -> Vec<Finding> {
        vec![Finding {
            id: "engine".into(),
            title: "Container engine".into(),
            seen: "in memory, for tests".into(),
            level: Level::Warning,
            advice: None,
        }]
    }
}

#[async_trait]
impl GuestConnection for FakeEngine {
    async fn link(&self, access: &Authorized<Attach>) -> Result<Arc<dyn GuestLink>, EngineError> {
        let container = self.with_container(access.facts().sandbox, |container| container.clone())?;
        match container.state {
            ObservedState::Running => Ok(container.guest),
            _ => Err(EngineError::NoContainer),
        }
    }

    async fn reconnect(&self, id: SandboxId) -> Result<(), EngineError> {
        match self.with_container(id, |container| container.state)? {
            ObservedState::Running => Ok(()),
            _ => Err(EngineError::NoContainer),
        }
    }

    async fn guest_lost(&self) {
        // The guests of this engine never disconnect.
        std::future::pending().await
    }
}
