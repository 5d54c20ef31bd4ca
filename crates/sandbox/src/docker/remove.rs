//! Removal of a sandbox, and the check that they are gone.

use std::{io, time::Duration};

use protocol::SandboxId;

use super::{
    Inner,
    connection::{CHANGE_TIMEOUT, QUERY_TIMEOUT, call_optional},
    container::force_remove,
    volume,
};
use crate::{ConfirmedRemoval, EngineError};

/// Interval between two attempts to remove a container.
const REMOVAL_INTERVAL: Duration = Duration::from_millis(50);

impl Inner {
    /// Removes everything of a sandbox and checks that it is gone.
    pub(super) async fn destroy(&self, id: SandboxId) -> Result<ConfirmedRemoval, EngineError> {
        let docker = self.connection.client().await?;
        self.sockets().remove(&id);
        self.remove_container(id).await?;
        volume::remove(docker, &self.names, id).await?;
        match tokio::fs::remove_dir_all(&self.socket_dir(id)).await {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(EngineError::Failed(format!("the guest socket directory cannot be removed: {e}")));
            }
            _ => {}
        }
        let name = self.names.for_sandbox(id);
        let (container, home) = tokio::try_join!(
            call_optional(QUERY_TIMEOUT, docker.inspect_container(&name, None)),
            call_optional(QUERY_TIMEOUT, docker.inspect_volume(&name)),
        )?;
        if container.is_some() || home.is_some() {
            return Err(EngineError::Failed(format!("{name} still exists after its removal")));
        }
        Ok(ConfirmedRemoval { container: name.clone(), volume: name })
    }

    /// Removes the container alone, and waits until the engine no longer knows it.
    pub(super) async fn remove_container(&self, id: SandboxId) -> Result<(), EngineError> {
        let docker = self.connection.client().await?;
        let Some(container) = self.find(docker, id).await? else { return Ok(()) };
        let engine_id = container.id.unwrap_or_default();
        let removal = async {
            loop {
                // The engine refuses this while another removal runs.
                let removed = force_remove(docker, &engine_id).await;
                let left = call_optional(QUERY_TIMEOUT, docker.inspect_container(&engine_id, None)).await?;
                match (left, removed) {
                    (None, _) => return Ok(()),
                    (Some(_), Err(error @ EngineError::Unavailable(_))) => return Err(error),
                    (Some(_), _) => tokio::time::sleep(REMOVAL_INTERVAL).await,
                }
            }
        };
        tokio::time::timeout(CHANGE_TIMEOUT, removal)
            .await
            .unwrap_or_else(|_| Err(EngineError::Failed("the container could not be removed in time".into())))
    }
}
