//! Engines: what makes, runs and removes containers. The engine's own ids never leave this module.
//!
//! Everything that reaches the bytes of a terminal takes a [`TerminalAccess`]; everything else is about the container.

pub mod docker;
#[cfg(feature = "testing")]
pub mod fake;
pub mod guest_link;
pub mod profile;
pub mod verify;

use std::sync::Arc;

use access::{Attach, Authorized};
use async_trait::async_trait;
use protocol::{TerminalId, admin::Finding, events::Stage, security::SecurityReport, terminals::Stats};
use terminal::GuestLink;

/// What a container is made from. The profile is not in here: it is one const, for every container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchSpec {
    /// The terminal it is for.
    pub id: TerminalId,
    /// The engine's reference of the image, e.g. `rexec/debian:1`.
    pub image_reference: String,
    /// Host name inside, made from the terminal's name: `[a-z0-9-]{1,32}`.
    pub hostname: String,
    /// Limits of the tier.
    pub limits: Limits,
}

/// Limits of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory in bytes; swap is equal to memory, so none is added.
    pub memory_bytes: u64,
    /// CPU quota in thousandths of a core.
    pub cpu_millis: u32,
}

/// What the engine failed at.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The engine does not answer, or not in time.
    #[error("the container engine does not answer: {0}")]
    Unavailable(String),
    /// The image is not on the engine.
    #[error("the image {0} is not on the engine")]
    NoImage(String),
    /// The image asks for what no terminal may have; the sentence says what.
    #[error("the image {0} is refused: {1}")]
    RefusedImage(String, String),
    /// The terminal has no container.
    #[error("the terminal has no container")]
    NoContainer,
    /// What was created is not what the profile says; it has been destroyed.
    #[error("the container differs from the hardening profile: {0}")]
    Differs(String),
    /// The guest did not report in time, or not truthfully; the container has been destroyed.
    #[error("the guest did not report: {0}")]
    NoGuest(String),
    /// The engine refused.
    #[error("the engine refused: {0}")]
    Engine(String),
}

/// State of a container of ours, for reconciling after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It runs.
    Running,
    /// It was paused behind the server's back: its shells are there and do not go on.
    Paused,
    /// It exists and does not run.
    Stopped,
    /// It has no container; its home is left.
    Remains,
    /// Container and home are gone; only the link folder is left.
    Emptied,
}

/// What was looked for and not found after a deletion. Goes into the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Name of the container the engine no longer knows.
    pub container: String,
    /// Name of the volume the engine no longer knows.
    pub volume: String,
}

impl std::fmt::Display for Absence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "container={} absent, volume={} absent, link folder absent", self.container, self.volume)
    }
}

/// Told of each stage as it is done.
pub type Progress = Arc<dyn Fn(Stage) + Send + Sync>;

/// An engine. All calls have a deadline of their own and leave nothing half made: a failed `create` removes what it made.
#[async_trait]
pub trait Runtime: Send + Sync + std::fmt::Debug {
    /// Makes volume and container, verifies from outside, starts, verifies from inside; the shell can be opened after it.
    async fn create(&self, spec: &LaunchSpec, progress: Progress) -> Result<(), RuntimeError>;
    /// Starts it again, verified again; one that was paused goes on with its shells. A container that is no longer what the profile says (or is gone) is made anew
    /// around its volume: the root file system is read-only, so nothing is lost.
    async fn start(&self, spec: &LaunchSpec) -> Result<(), RuntimeError>;
    /// Stops it, also when it is paused; the volume stays. Stopping a stopped one is no error.
    async fn stop(&self, id: TerminalId) -> Result<(), RuntimeError>;
    /// Removes container and volume and proves that both are gone. Removing what is not there is no error.
    async fn delete(&self, id: TerminalId) -> Result<Absence, RuntimeError>;
    /// Changes limits of a container, running or not.
    async fn set_limits(&self, id: TerminalId, limits: Limits) -> Result<(), RuntimeError>;
    /// Listens again for the guest of a running container, after a restart of the server.
    async fn adopt(&self, id: TerminalId) -> Result<(), RuntimeError>;
    /// Everything on the engine that belongs to this instance, and nothing of another's.
    async fn list(&self) -> Result<Vec<(TerminalId, Found)>, RuntimeError>;
    /// CPU, memory, processes.
    async fn stats(&self, id: TerminalId) -> Result<Stats, RuntimeError>;
    /// The profile row by row: asked, seen from outside, seen from inside.
    async fn security(&self, spec: &LaunchSpec) -> Result<SecurityReport, RuntimeError>;
    /// Size in bytes of an image, `None` when the engine does not have it.
    async fn image_size(&self, reference: &str) -> Result<Option<u64>, RuntimeError>;
    /// Whether the engine answers.
    async fn ping(&self) -> Result<(), RuntimeError>;
    /// What the host offers and lacks.
    async fn probe(&self) -> Vec<Finding>;
    /// Waits until a container may have ended by itself: the link of a guest was lost since this was last asked.
    async fn guest_lost(&self);
    /// The guest link of a terminal, for sessions. Takes the proof: this is where bytes begin.
    async fn link(&self, access: &Authorized<Attach>) -> Result<Arc<dyn GuestLink>, RuntimeError>;
}
