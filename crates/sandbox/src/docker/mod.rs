//! The Docker engine, through bollard. No code outside this module depends on Docker.
//!
//! Containers and volumes of other instances on the same engine are never listed, stopped or removed.

mod connection;
mod container;
mod create;
mod description;
mod findings;
mod guest_connection;
mod host;
mod inspection;
mod launch;
mod lifecycle;
mod names;
mod network;
mod remove;
mod usage;
mod volume;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bollard::{Docker as Client, models::ContainerInspectResponse};
use connection::{CHANGE_TIMEOUT, Connection, QUERY_TIMEOUT, call_optional};
use host::HostFacts;
use names::Names;
use protocol::{SandboxId, admin::Finding};
use tokio::sync::{Notify, OnceCell};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use usage::Samples;
use uuid::Uuid;

use crate::{EngineError, Inspection as _, LaunchSpec, guest_socket::GuestSocket, profile::Profile, verify::Intended};

/// The Docker engine.
#[derive(Debug, Clone)]
pub struct Docker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    names: Names,
    /// Profile of the containers that existed before this process; it applies to [`crate::GuestConnection::reconnect`].
    profile: Profile,
    /// Path of the guest program that the engine mounts.
    guest_binary: PathBuf,
    /// Parent of the guest socket directories.
    socket_root: PathBuf,
    facts: OnceCell<HostFacts>,
    sockets: Mutex<HashMap<SandboxId, Arc<GuestSocket>>>,
    /// Notified when a guest disconnects.
    guest_lost: Arc<Notify>,
    samples: Samples,
    tasks: TaskTracker,
    /// Closes the guest sockets when the engine is dropped.
    closing: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl Docker {
    /// Connects to the engine at `host` (`REXEC_DOCKER_HOST`; `None` is the usual local socket). `instance` marks the
    /// containers of this server. `data_dir` and `guest` are absolute paths that the engine can mount. `profile`
    /// applies to the network check and to containers that are already running.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] when the engine does not answer.
    pub async fn connect(
        host: Option<&str>,
        instance: Uuid,
        data_dir: &Path,
        guest: &Path,
        profile: Profile,
    ) -> Result<Self, EngineError> {
        let docker = Self(Arc::new(Inner {
            connection: Connection::new(host),
            names: Names::new(instance),
            profile,
            guest_binary: guest.to_owned(),
            socket_root: data_dir.join("link"),
            facts: OnceCell::new(),
            sockets: Mutex::default(),
            guest_lost: Arc::default(),
            samples: Samples::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }));
        docker.ping().await?;
        Ok(docker)
    }
}

/// Findings about the engine at `host`, without a server.
pub async fn probe(host: Option<&str>, profile: &Profile) -> Vec<Finding> {
    findings::findings(&Connection::new(host), profile).await
}

impl Inner {
    fn sockets(&self) -> MutexGuard<'_, HashMap<SandboxId, Arc<GuestSocket>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn socket_dir(&self, id: SandboxId) -> PathBuf {
        self.socket_root.join(id.to_string())
    }

    async fn facts(&self, docker: &Client, image_id: &str) -> Result<&HostFacts, EngineError> {
        self.facts.get_or_try_init(|| host::read_facts(docker, &self.names, image_id)).await
    }

    /// The container that `spec` describes on this host.
    fn intended(&self, spec: &LaunchSpec, image_id: String, facts: &HostFacts) -> Intended {
        let name = self.names.for_sandbox(spec.id);
        let masked = facts.with_default_masked(&spec.profile);
        let read_only = facts.with_default_read_only(&spec.profile);
        let existing = |paths: &[String]| paths.iter().filter(|p| Path::new(p).exists()).cloned().collect();
        Intended {
            profile: spec.profile,
            id: spec.id,
            hostname: spec.hostname.clone(),
            limits: facts.clamp(spec.limits),
            image_id,
            container: name.clone(),
            volume: name,
            labels: self.names.labels(spec.id),
            guest_binary: self.guest_binary.to_string_lossy().into_owned(),
            socket_dir: self.socket_dir(spec.id).to_string_lossy().into_owned(),
            masked_on_host: existing(&masked),
            read_only_on_host: existing(&read_only),
            masked,
            read_only,
            block_io_weight: if facts.has_block_io_weight { spec.profile.block_io_weight } else { 0 },
            dns: facts.dns.clone(),
        }
    }

    /// The container of a sandbox: exact name, and labels of this instance.
    async fn find(&self, docker: &Client, id: SandboxId) -> Result<Option<ContainerInspectResponse>, EngineError> {
        let name = self.names.for_sandbox(id);
        let Some(container) = call_optional(QUERY_TIMEOUT, docker.inspect_container(&name, None)).await? else {
            return Ok(None);
        };
        let labels = container.config.as_ref().and_then(|c| c.labels.as_ref());
        let labelled = labels.is_some_and(|labels| self.names.sandbox_from_labels(labels) == Some(id));
        if labelled && container.name.as_deref().map(|n| n.trim_start_matches('/')) == Some(name.as_str()) {
            Ok(Some(container))
        } else {
            Err(EngineError::Failed(format!("a container named {name} exists and does not belong to this instance")))
        }
    }

    /// The same; a missing container is [`EngineError::NoContainer`].
    async fn existing(&self, docker: &Client, id: SandboxId) -> Result<ContainerInspectResponse, EngineError> {
        self.find(docker, id).await?.ok_or(EngineError::NoContainer)
    }
}

/// Runs and is not paused. The engine reports a paused container as running, too.
fn is_running(container: &ContainerInspectResponse) -> bool {
    container.state.as_ref().is_some_and(|s| s.running == Some(true) && s.paused != Some(true))
}

/// Resumes a container if it is paused.
async fn unpause(docker: &Client, container: &ContainerInspectResponse) -> Result<(), EngineError> {
    if container.state.as_ref().and_then(|s| s.paused) == Some(true) {
        let id = container.id.as_deref().unwrap_or_default();
        call_optional(CHANGE_TIMEOUT, docker.unpause_container(id)).await?;
    }
    Ok(())
}
