//! Home volumes: one per terminal, never one that was there before, never one of somebody else.

use std::collections::HashMap;

use bollard::{
    Docker,
    models::{Volume, VolumeCreateRequest},
    query_parameters::RemoveVolumeOptions,
};
use protocol::TerminalId;

use super::{
    engine::{ASK, WORK, found, within},
    names::Names,
};
use crate::RuntimeError;

/// Makes the volume. The caller has seen that there was none: the files of an older one would be somebody's.
pub async fn create(docker: &Docker, names: &Names, id: TerminalId) -> Result<(), RuntimeError> {
    let name = names.of(id);
    let request = VolumeCreateRequest {
        name: Some(name.clone()),
        driver: Some("local".to_owned()),
        labels: Some(names.labels(id).into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ..VolumeCreateRequest::default()
    };
    let volume = within(WORK, docker.create_volume(request)).await?;
    ours(names, id, &volume)
}

/// The volume of a terminal, when it is there and ours.
pub async fn find(docker: &Docker, names: &Names, id: TerminalId) -> Result<Option<Volume>, RuntimeError> {
    let Some(volume) = found(ASK, docker.inspect_volume(&names.of(id))).await? else { return Ok(None) };
    ours(names, id, &volume).map(|()| Some(volume))
}

/// Removes the volume; one that is not there is no error, one that is not ours stays and is an error.
pub async fn remove(docker: &Docker, names: &Names, id: TerminalId) -> Result<(), RuntimeError> {
    if find(docker, names, id).await?.is_some() {
        let options = RemoveVolumeOptions { force: false };
        found(WORK, docker.remove_volume(&names.of(id), Some(options))).await?;
    }
    Ok(())
}

fn ours(names: &Names, id: TerminalId, volume: &Volume) -> Result<(), RuntimeError> {
    let plain = volume.driver == "local" && volume.options.is_empty();
    if volume.name == names.of(id) && owner(names, &volume.labels) == Some(id) && plain {
        Ok(())
    } else {
        Err(RuntimeError::Differs(format!("the volume {} is not the one of this terminal", volume.name)))
    }
}

fn owner(names: &Names, labels: &HashMap<String, String>) -> Option<TerminalId> {
    names.owner(labels)
}
