//! Making and unmaking a container. Whatever step a launch fails at, what it made is removed before the error is told.

use std::{sync::Arc, time::Duration};

use bollard::{
    Docker,
    models::ContainerInspectResponse,
    query_parameters::{CreateContainerOptions, RemoveContainerOptions},
};
use protocol::{TerminalId, events::Stage};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    Inner, create,
    engine::{ASK, WORK, found, within},
    network, volume,
};
use crate::{
    Absence, LaunchSpec, Progress, RuntimeError,
    guest_link::SocketLink,
    profile::STANDARD,
    verify::{Intended, first_difference, verify_inside, verify_outside},
};

/// The guest dials as soon as it runs; on a busy machine the engine may need a while to run it.
const GUEST_REPORT: Duration = Duration::from_secs(15);
/// Between two looks at something that is being removed.
const GONE_POLL: Duration = Duration::from_millis(50);

/// Whether the home volume is made by this launch, or kept from the container before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    Fresh,
    Kept,
}

impl Inner {
    /// One launch, start to end. On failure or cancellation nothing of it is left (a kept home volume is).
    pub(super) async fn launch(
        &self,
        spec: &LaunchSpec,
        progress: &Progress,
        home: Home,
        cancel: &CancellationToken,
    ) -> Result<(), RuntimeError> {
        if home == Home::Fresh {
            self.refuse_existing(spec.id).await?;
        }
        let built = match self.build(spec, progress, home, cancel).await {
            Ok(()) => stop_here(cancel),
            Err(error) => Err(error),
        };
        let Err(error) = built else { return Ok(()) };
        let undone = match home {
            Home::Fresh => self.destroy(spec.id).await.map(drop),
            Home::Kept => self.remove_container(spec.id).await,
        };
        if let Err(left) = undone {
            tracing::error!(terminal = %spec.id, error = %left, "a failed launch could not be undone; the reaper will try again");
        }
        Err(error)
    }

    /// A launch undoes what it made when it fails; so it must not begin where something is already.
    async fn refuse_existing(&self, id: TerminalId) -> Result<(), RuntimeError> {
        let docker = self.engine.client().await?;
        let (container, home) = tokio::try_join!(self.find(docker, id), volume::find(docker, &self.names, id))?;
        if container.is_some() || home.is_some() {
            return Err(RuntimeError::Engine(format!("{} exists already", self.names.of(id))));
        }
        Ok(())
    }

    async fn build(
        &self,
        spec: &LaunchSpec,
        progress: &Progress,
        home: Home,
        cancel: &CancellationToken,
    ) -> Result<(), RuntimeError> {
        let docker = self.engine.client().await?;
        let image_id = self.usable_image(docker, &spec.image_reference).await?;
        let (facts, net) = tokio::join!(self.facts(docker, &image_id), network::ensure(&self.engine, STANDARD.network));
        let (facts, ()) = (facts?, net?);
        let intended = self.intend(spec, image_id, facts);
        stop_here(cancel)?;
        if home == Home::Fresh {
            volume::create(docker, &self.names, spec.id).await?;
        }
        let link = self.listen(spec.id, facts.remapped_root)?;
        progress(Stage::Volume);
        stop_here(cancel)?;

        let name = intended.container.clone();
        let options = CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        within(WORK, docker.create_container(Some(options), create::body(&intended))).await?;
        progress(Stage::Container);
        stop_here(cancel)?;

        let description = describe(&within(ASK, docker.inspect_container(&name, None)).await?)?;
        if let Some(difference) = first_difference(&verify_outside(&intended, &description)) {
            return Err(RuntimeError::Differs(difference));
        }
        progress(Stage::Verified);
        stop_here(cancel)?;
        self.run(docker, &intended, &link, progress, cancel).await
    }

    /// Starts a verified container and hears what its guest sees.
    pub(super) async fn run(
        &self,
        docker: &Docker,
        intended: &Intended,
        link: &Arc<SocketLink>,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), RuntimeError> {
        within(WORK, docker.start_container(&intended.container, None)).await?;
        progress(Stage::Started);
        let report = tokio::select! {
            report = link.inspect(GUEST_REPORT) => report?,
            () = cancel.cancelled() => return stop_here(cancel),
        };
        if let Some(difference) = first_difference(&verify_inside(intended, &report)) {
            return Err(RuntimeError::Differs(format!("seen from inside, {difference}")));
        }
        progress(Stage::Inside);
        progress(Stage::Ready);
        Ok(())
    }

    /// The image's digest, so that what was looked at is what is started.
    pub(super) async fn usable_image(&self, docker: &Docker, reference: &str) -> Result<String, RuntimeError> {
        let image = found(ASK, docker.inspect_image(reference)).await?;
        let image = image.ok_or_else(|| RuntimeError::NoImage(reference.to_owned()))?;
        let refuse = |why: &str| Err(RuntimeError::RefusedImage(reference.to_owned(), why.to_owned()));
        let config = image.config.unwrap_or_default();
        if config.volumes.is_some_and(|volumes| !volumes.is_empty()) {
            return refuse("it declares VOLUME, which would be writable storage outside the profile");
        }
        if image.os.is_some_and(|os| os != "linux") {
            return refuse("it is not for Linux");
        }
        match image.id {
            Some(id) => Ok(id),
            None => refuse("the engine does not say its digest"),
        }
    }

    /// Removes everything of a terminal and proves that it is gone.
    pub(super) async fn destroy(&self, id: TerminalId) -> Result<Absence, RuntimeError> {
        let docker = self.engine.client().await?;
        self.links().remove(&id);
        self.remove_container(id).await?;
        volume::remove(docker, &self.names, id).await?;
        let folder = self.link_dir(id);
        match tokio::fs::remove_dir_all(&folder).await {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(RuntimeError::Engine(format!("the link folder could not be removed: {e}")));
            }
            _ => {}
        }
        let name = self.names.of(id);
        let (container, home) = tokio::try_join!(
            found(ASK, docker.inspect_container(&name, None)),
            found(ASK, docker.inspect_volume(&name)),
        )?;
        if container.is_some() || home.is_some() {
            return Err(RuntimeError::Engine(format!("{name} is still there after it was removed")));
        }
        Ok(Absence { container: name.clone(), volume: name })
    }

    /// Removes the container alone; waits until the engine no longer knows it.
    pub(super) async fn remove_container(&self, id: TerminalId) -> Result<(), RuntimeError> {
        let docker = self.engine.client().await?;
        let Some(container) = self.find(docker, id).await? else { return Ok(()) };
        let engine_id = container.id.unwrap_or_default();
        let gone = async {
            loop {
                // v: volumes without a name, were there any. Refused while another removal is under way.
                let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
                let removed = found(WORK, docker.remove_container(&engine_id, Some(options))).await;
                match found(ASK, docker.inspect_container(&engine_id, None)).await? {
                    None => return Ok(()),
                    Some(_) => match removed {
                        Err(error @ RuntimeError::Unavailable(_)) => return Err(error),
                        _ => tokio::time::sleep(GONE_POLL).await,
                    },
                }
            }
        };
        tokio::time::timeout(WORK, gone)
            .await
            .unwrap_or_else(|_| Err(RuntimeError::Engine("the container could not be removed in time".into())))
    }

    /// The container of a terminal: by its exact name, and only when its labels say it is ours.
    pub(super) async fn find(
        &self,
        docker: &Docker,
        id: TerminalId,
    ) -> Result<Option<ContainerInspectResponse>, RuntimeError> {
        let name = self.names.of(id);
        let Some(container) = found(ASK, docker.inspect_container(&name, None)).await? else { return Ok(None) };
        let labels = container.config.as_ref().and_then(|c| c.labels.as_ref());
        let ours = labels.is_some_and(|labels| self.names.owner(labels) == Some(id));
        if ours && container.name.as_deref().map(|n| n.trim_start_matches('/')) == Some(name.as_str()) {
            Ok(Some(container))
        } else {
            Err(RuntimeError::Engine(format!("a container named {name} exists and is not ours")))
        }
    }
}

/// The engine's description as the comparison reads it.
pub(super) fn describe(container: &ContainerInspectResponse) -> Result<Value, RuntimeError> {
    serde_json::to_value(container).map_err(|e| RuntimeError::Engine(format!("its description cannot be read: {e}")))
}

/// Called between steps, never in the middle of one: what the engine is doing must have ended before it is undone.
fn stop_here(cancel: &CancellationToken) -> Result<(), RuntimeError> {
    if cancel.is_cancelled() { Err(RuntimeError::Unavailable("the launch was given up".into())) } else { Ok(()) }
}
