//! Engine calls about one container.

use bollard::{Docker, models::ContainerInspectResponse, query_parameters::RemoveContainerOptions};

use super::connection::{CHANGE_TIMEOUT, QUERY_TIMEOUT, call, call_optional};
use crate::EngineError;

/// The description of a container that must exist.
pub(super) async fn inspect(docker: &Docker, container: &str) -> Result<ContainerInspectResponse, EngineError> {
    call(QUERY_TIMEOUT, docker.inspect_container(container, None)).await
}

/// Removes a container, running or not, and its anonymous volumes. A missing container is no error.
pub(super) async fn force_remove(docker: &Docker, container: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
    call_optional(CHANGE_TIMEOUT, docker.remove_container(container, Some(options))).await.map(drop)
}
