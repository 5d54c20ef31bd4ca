//! The port to a container engine: three traits and their engine-neutral types.

use std::{fmt, sync::Arc};

use access::{Attach, Authorized};
use async_trait::async_trait;
use protocol::{SandboxId, admin::Finding, events::Stage, security::SecurityReport, terminals::Stats};
use terminal::GuestLink;
use tokio_util::sync::CancellationToken;

use crate::profile::Profile;

/// Parameters of one container.
#[derive(Debug, Clone)]
pub struct LaunchSpec {
    /// Sandbox that the container belongs to.
    pub id: SandboxId,
    /// The engine's reference of the image, e.g. `rexec/debian:1`.
    pub image_reference: String,
    /// Host name inside the container, derived from the terminal's name: `[a-z0-9-]{1,32}`.
    pub hostname: String,
    /// Limits of the tier.
    pub limits: Limits,
    /// Hardening profile that is applied and verified.
    pub profile: Profile,
}

/// Limits of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory in bytes. The limit of memory and swap together is the same number, so the container has no swap.
    pub memory_bytes: u64,
    /// CPU quota in thousandths of a core.
    pub cpu_millis: u32,
}

impl Limits {
    /// CPU quota in billionths of a core, the unit of container engines.
    pub fn nano_cpus(&self) -> i64 {
        i64::from(self.cpu_millis) * 1_000_000
    }
}

/// Failure of an engine call. The texts are for the log; the server derives what a user sees from the variant.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine cannot be reached or exceeded a deadline.
    #[error("the container engine does not answer: {0}")]
    Unavailable(String),
    /// The engine does not have the image.
    #[error("the image {0} is not on the engine")]
    ImageMissing(String),
    /// The image (first field) has a property that the profile does not allow (second field).
    #[error("the image {0} is refused: {1}")]
    ImageRefused(String, String),
    /// The sandbox has no container, or none that runs where the call needs a running one.
    #[error("the sandbox has no container")]
    NoContainer,
    /// A container, volume or network differs from what was requested. A container that was created for the call is
    /// removed before this is returned.
    #[error("the container differs from the hardening profile: {0}")]
    ProfileMismatch(String),
    /// The guest did not send its report in time. The container is removed before this is returned.
    #[error("the guest did not report: {0}")]
    GuestUnresponsive(String),
    /// The container currently uses more than the requested limit.
    #[error("the container uses more than the new limit allows: {0}")]
    LimitBelowUsage(String),
    /// The caller cancelled the call, which undid what it had done.
    #[error("cancelled")]
    Cancelled,
    /// The engine rejected the call, or its answer was not usable.
    #[error("the engine refused: {0}")]
    Failed(String),
}

/// State of a sandbox as the engine reports it, input of the reconciler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservedState {
    /// The container runs.
    Running,
    /// The container is paused. Its processes exist and are frozen.
    Paused,
    /// The container exists and does not run.
    Stopped,
    /// There is no container; the home volume exists.
    HomeOnly,
    /// Container and home volume are gone; only the guest socket directory exists.
    SocketDirOnly,
}

/// What a deletion has removed, for the audit log: names that the engine no longer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedRemoval {
    /// Name of the container.
    pub container: String,
    /// Name of the home volume.
    pub volume: String,
}

impl fmt::Display for ConfirmedRemoval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "container={} absent, volume={} absent, guest socket directory absent", self.container, self.volume)
    }
}

/// Callback for each completed stage of a creation.
pub type Progress = Arc<dyn Fn(Stage) + Send + Sync>;

/// Creates, changes and removes sandboxes.
///
/// Every call has a deadline of its own. The caller makes one call for a sandbox at a time and awaits its end; it ends
/// a creation or a start early by cancelling the token of the call.
#[async_trait]
pub trait Lifecycle: Send + Sync {
    /// Creates home volume and container, verifies the engine's description, starts it and verifies the guest's report.
    /// A creation that fails or is cancelled leaves nothing behind.
    async fn create(
        &self,
        spec: &LaunchSpec,
        progress: Progress,
        cancel: &CancellationToken,
    ) -> Result<(), EngineError>;
    /// Starts a stopped container and verifies it again; resumes a paused one. A container that is missing or differs
    /// from the profile is replaced and its home volume kept. The root file system is read-only, so nothing is lost.
    async fn start(&self, spec: &LaunchSpec, cancel: &CancellationToken) -> Result<(), EngineError>;
    /// Stops the container, also a paused one. The home volume stays. Stopping a stopped container succeeds.
    async fn stop(&self, id: SandboxId) -> Result<(), EngineError>;
    /// Removes container, home volume and guest socket directory, and checks that they are gone. Succeeds when there is
    /// nothing to remove.
    async fn delete(&self, id: SandboxId) -> Result<ConfirmedRemoval, EngineError>;
    /// Changes the limits of a container, running or not.
    async fn set_limits(&self, id: SandboxId, limits: Limits) -> Result<(), EngineError>;
    /// What the engine has of one sandbox. `None` when it has nothing.
    async fn observe(&self, id: SandboxId) -> Result<Option<ObservedState>, EngineError>;
    /// Every sandbox of this instance on the engine. Those of other instances are not included.
    async fn list(&self) -> Result<Vec<(SandboxId, ObservedState)>, EngineError>;
}

/// Reads from containers and from the engine; changes nothing.
#[async_trait]
pub trait Inspection: Send + Sync {
    /// Current CPU, memory and process figures of a running container.
    async fn stats(&self, id: SandboxId) -> Result<Stats, EngineError>;
    /// The controls of the profile as requested, as the engine reports them and as the guest reports them.
    async fn security(&self, spec: &LaunchSpec) -> Result<SecurityReport, EngineError>;
    /// Size of an image in bytes. `None` when the engine does not have it.
    async fn image_size(&self, reference: &str) -> Result<Option<u64>, EngineError>;
    /// Checks that the engine answers.
    async fn ping(&self) -> Result<(), EngineError>;
    /// Findings about engine and host, for `rexec doctor` and the system page.
    async fn probe(&self) -> Vec<Finding>;
}

/// Connections to the guests of running containers.
#[async_trait]
pub trait GuestConnection: Send + Sync {
    /// The guest link of a terminal's sandbox. It carries the bytes of the terminal, so it requires the proof.
    async fn link(&self, access: &Authorized<Attach>) -> Result<Arc<dyn GuestLink>, EngineError>;
    /// Listens for the guest of a running container again, after a restart of the server. Compares nothing with the
    /// profile.
    async fn reconnect(&self, id: SandboxId) -> Result<(), EngineError>;
    /// Completes when a guest has disconnected since the previous call. Its container may have exited.
    async fn guest_lost(&self);
}

/// A complete engine.
pub trait Engine: Lifecycle + Inspection + GuestConnection + fmt::Debug {}

impl<T: Lifecycle + Inspection + GuestConnection + fmt::Debug> Engine for T {}
