//! Operations on one container, and the list of all.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use bollard::{
    models::{ContainerSummaryStateEnum, ContainerUpdateBody},
    query_parameters::{ListContainersOptions, ListVolumesOptions, StopContainerOptions},
};
use protocol::SandboxId;
use tokio_util::sync::CancellationToken;

use super::{
    Docker, Inner,
    connection::{CHANGE_TIMEOUT, QUERY_TIMEOUT, call, call_optional, limit_error},
    container::{force_remove, inspect},
    description::Description,
    launch::HomeVolume,
    names::LABEL_PROBE,
    network, unpause, volume,
};
use crate::{
    ConfirmedRemoval, EngineError, LaunchSpec, Lifecycle, Limits, ObservedState, Progress, verify::first_difference,
};

/// Time for the guest to end its shells before the engine kills it, in seconds.
const STOP_SECS: i32 = 5;

impl Inner {
    async fn start(&self, spec: &LaunchSpec, cancel: &CancellationToken) -> Result<(), EngineError> {
        let docker = self.connection.client().await?;
        let image_id = self.resolve_image(docker, &spec.image_reference).await?;
        let network = network::ensure(&self.connection, spec.profile.network);
        let (facts, network) = tokio::join!(self.facts(docker, &image_id), network);
        let (facts, ()) = (facts?, network?);
        let intended = self.intended(spec, image_id, facts);
        let no_progress: Progress = Arc::new(|_| {});
        if volume::find(docker, &self.names, spec.id).await?.is_none() {
            return Err(EngineError::NoContainer);
        }
        if let Some(container) = self.find(docker, spec.id).await? {
            let checks = Description::new(&container)?.observe(&intended).checks;
            let Some(difference) = first_difference(&checks) else {
                let socket = self.listen(spec.id, spec.profile.root_allowed, facts.remapped_root)?;
                unpause(docker, &container).await?;
                let started = self.run(docker, &intended, &socket, &no_progress, cancel).await;
                if started.is_err() {
                    // The home is kept, and the next start creates a container for it.
                    self.sockets().remove(&spec.id);
                    self.remove_container(spec.id).await.unwrap_or_else(|error| {
                        rates::limited!(suppressed => tracing::error!(suppressed, sandbox = %spec.id, %error, "a container that may not run could not be removed"));
                    });
                }
                return started;
            };
            rates::limited!(suppressed => tracing::info!(suppressed, sandbox = %spec.id, difference, "container differs from the profile and is replaced"));
            self.remove_container(spec.id).await?;
        }
        self.launch(spec, &no_progress, HomeVolume::Reuse, cancel).await
    }

    async fn stop(&self, id: SandboxId) -> Result<(), EngineError> {
        let docker = self.connection.client().await?;
        let container = self.existing(docker, id).await?;
        if container.state.as_ref().and_then(|s| s.running) == Some(true) {
            // The engine cannot stop a paused container.
            unpause(docker, &container).await?;
            let options = StopContainerOptions { t: Some(STOP_SECS), signal: None };
            let stopped = docker.stop_container(container.id.as_deref().unwrap_or_default(), Some(options));
            call_optional(CHANGE_TIMEOUT, stopped).await?;
        }
        self.sockets().remove(&id);
        Ok(())
    }

    async fn observe(&self, id: SandboxId) -> Result<Option<ObservedState>, EngineError> {
        let docker = self.connection.client().await?;
        let (container, home) = tokio::try_join!(self.find(docker, id), volume::find(docker, &self.names, id))?;
        let state = container.map(|container| {
            let state = container.state.unwrap_or_default();
            match (state.running == Some(true), state.paused == Some(true)) {
                (true, true) => ObservedState::Paused,
                (true, false) => ObservedState::Running,
                (false, _) => ObservedState::Stopped,
            }
        });
        let socket_dir_only = || self.socket_dir(id).exists().then_some(ObservedState::SocketDirOnly);
        Ok(state.or_else(|| home.map(|_| ObservedState::HomeOnly)).or_else(socket_dir_only))
    }

    async fn list(&self) -> Result<HashMap<SandboxId, ObservedState>, EngineError> {
        let docker = self.connection.client().await?;
        let filters = Some(self.names.filter());
        let volumes = docker.list_volumes(Some(ListVolumesOptions { filters: filters.clone() }));
        let options = ListContainersOptions { all: true, filters, ..ListContainersOptions::default() };
        let containers = docker.list_containers(Some(options));
        let (volumes, containers) = tokio::try_join!(call(QUERY_TIMEOUT, volumes), call(QUERY_TIMEOUT, containers))?;
        // Later entries replace earlier ones: a container says more than a volume, a volume more than a directory.
        let mut states: HashMap<SandboxId, ObservedState> = HashMap::new();
        for dir in std::fs::read_dir(&self.socket_root).into_iter().flatten().flatten() {
            let id = dir.file_name().to_str().and_then(|name| name.parse().ok());
            states.extend(id.map(|id| (id, ObservedState::SocketDirOnly)));
        }
        let homes = volumes.volumes.into_iter().flatten().filter_map(|v| self.names.sandbox_from_labels(&v.labels));
        states.extend(homes.map(|id| (id, ObservedState::HomeOnly)));
        for container in containers {
            let labels = container.labels.unwrap_or_default();
            if labels.contains_key(LABEL_PROBE) {
                force_remove(docker, &container.id.unwrap_or_default()).await?;
            } else if let Some(id) = self.names.sandbox_from_labels(&labels) {
                let state = match container.state {
                    Some(ContainerSummaryStateEnum::RUNNING) => ObservedState::Running,
                    Some(ContainerSummaryStateEnum::PAUSED) => ObservedState::Paused,
                    _ => ObservedState::Stopped,
                };
                states.insert(id, state);
            }
        }
        Ok(states)
    }
}

#[async_trait]
impl Lifecycle for Docker {
    async fn create(
        &self,
        spec: &LaunchSpec,
        progress: Progress,
        cancel: &CancellationToken,
    ) -> Result<(), EngineError> {
        self.0.launch(spec, &progress, HomeVolume::Create, cancel).await
    }

    async fn start(&self, spec: &LaunchSpec, cancel: &CancellationToken) -> Result<(), EngineError> {
        self.0.start(spec, cancel).await
    }

    async fn stop(&self, id: SandboxId) -> Result<(), EngineError> {
        self.0.stop(id).await
    }

    async fn delete(&self, id: SandboxId) -> Result<ConfirmedRemoval, EngineError> {
        self.0.destroy(id).await
    }

    async fn set_limits(&self, id: SandboxId, limits: Limits) -> Result<(), EngineError> {
        let docker = self.0.connection.client().await?;
        let container = self.0.existing(docker, id).await?;
        let limits = self.0.facts(docker, &container.image.unwrap_or_default()).await?.clamp(limits);
        let container = container.id.unwrap_or_default();
        let memory = i64::try_from(limits.memory_bytes).ok();
        let nano_cpus = Some(limits.nano_cpus());
        let update = ContainerUpdateBody { memory, memory_swap: memory, nano_cpus, ..ContainerUpdateBody::default() };
        call(CHANGE_TIMEOUT, docker.update_container(&container, update)).await.map_err(limit_error)?;
        let observed = inspect(docker, &container).await?.host_config.unwrap_or_default();
        if (observed.memory, observed.memory_swap, observed.nano_cpus) == (memory, memory, nano_cpus) {
            Ok(())
        } else {
            Err(EngineError::ProfileMismatch("the engine did not apply the limits".into()))
        }
    }

    async fn observe(&self, id: SandboxId) -> Result<Option<ObservedState>, EngineError> {
        self.0.observe(id).await
    }

    async fn list(&self) -> Result<Vec<(SandboxId, ObservedState)>, EngineError> {
        Ok(self.0.list().await?.into_iter().collect())
    }
}
