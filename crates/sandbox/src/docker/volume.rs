//! Home volumes, one per sandbox. A volume with other labels or options is never used or removed.

use bollard::{
    Docker,
    models::{Volume, VolumeCreateRequest},
    query_parameters::RemoveVolumeOptions,
};
use protocol::SandboxId;

use super::{
    connection::{CHANGE_TIMEOUT, QUERY_TIMEOUT, call, call_optional},
    names::Names,
};
use crate::EngineError;

/// Creates the volume. The caller has checked that there was none, since an existing one may hold another user's files.
pub async fn create(docker: &Docker, names: &Names, id: SandboxId) -> Result<(), EngineError> {
    let name = names.for_sandbox(id);
    let request = VolumeCreateRequest {
        name: Some(name.clone()),
        driver: Some("local".to_owned()),
        labels: Some(names.labels(id).into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ..VolumeCreateRequest::default()
    };
    let volume = call(CHANGE_TIMEOUT, docker.create_volume(request)).await?;
    check_owner(names, id, &volume)
}

/// The volume of a sandbox.
///
/// # Errors
/// [`EngineError::ProfileMismatch`] when a volume of this name does not belong to the sandbox.
pub async fn find(docker: &Docker, names: &Names, id: SandboxId) -> Result<Option<Volume>, EngineError> {
    let Some(volume) = call_optional(QUERY_TIMEOUT, docker.inspect_volume(&names.for_sandbox(id))).await? else {
        return Ok(None);
    };
    check_owner(names, id, &volume).map(|()| Some(volume))
}

/// Removes the volume. Succeeds when there is none; a volume that does not belong to the sandbox stays.
pub async fn remove(docker: &Docker, names: &Names, id: SandboxId) -> Result<(), EngineError> {
    if find(docker, names, id).await?.is_some() {
        let options = RemoveVolumeOptions { force: false };
        call_optional(CHANGE_TIMEOUT, docker.remove_volume(&names.for_sandbox(id), Some(options))).await?;
    }
    Ok(())
}

fn check_owner(names: &Names, id: SandboxId, volume: &Volume) -> Result<(), EngineError> {
    let plain = volume.driver == "local" && volume.options.is_empty();
    if volume.name == names.for_sandbox(id) && names.sandbox_from_labels(&volume.labels) == Some(id) && plain {
        Ok(())
    } else {
        Err(EngineError::ProfileMismatch(format!("the volume {} does not belong to this sandbox", volume.name)))
    }
}
