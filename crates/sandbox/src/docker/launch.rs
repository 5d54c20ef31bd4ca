//! Creation of a container. A launch that fails removes what it created before it returns the error.

use std::{sync::Arc, time::Duration};

use bollard::{Docker, query_parameters::CreateContainerOptions};
use protocol::{SandboxId, events::Stage};
use tokio_util::sync::CancellationToken;

use super::{
    Inner,
    connection::{CHANGE_TIMEOUT, QUERY_TIMEOUT, call, call_optional},
    container::inspect,
    create,
    description::Description,
    network, volume,
};
use crate::{
    EngineError, LaunchSpec, Progress,
    guest_socket::GuestSocket,
    verify::{Intended, first_difference, verify_inside},
};

/// Deadline of the guest's first report. The guest connects as soon as it runs; a busy machine starts it late.
const FIRST_REPORT_TIMEOUT: Duration = Duration::from_secs(15);

/// Whether the launch creates the home volume or uses the existing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HomeVolume {
    Create,
    Reuse,
}

impl Inner {
    /// A complete launch. After a failure or cancellation nothing of it is left, except a kept home volume.
    pub(super) async fn launch(
        &self,
        spec: &LaunchSpec,
        progress: &Progress,
        home: HomeVolume,
        cancel: &CancellationToken,
    ) -> Result<(), EngineError> {
        if home == HomeVolume::Create {
            self.ensure_absent(spec.id).await?;
        }
        let built = match self.build(spec, progress, home, cancel).await {
            Ok(()) => check_cancelled(cancel),
            Err(error) => Err(error),
        };
        let Err(error) = built else { return Ok(()) };
        let undone = match home {
            HomeVolume::Create => self.destroy(spec.id).await.map(drop),
            HomeVolume::Reuse => self.remove_container(spec.id).await,
        };
        if let Err(undo_error) = undone {
            rates::limited!(suppressed => tracing::error!(suppressed, sandbox = %spec.id, error = %undo_error, "a failed launch left resources behind"));
        }
        Err(error)
    }

    /// A failed launch removes everything of the sandbox, so it must not begin where something exists already.
    async fn ensure_absent(&self, id: SandboxId) -> Result<(), EngineError> {
        let docker = self.connection.client().await?;
        let (container, home) = tokio::try_join!(self.find(docker, id), volume::find(docker, &self.names, id))?;
        if container.is_some() || home.is_some() {
            return Err(EngineError::Failed(format!("{} exists already", self.names.for_sandbox(id))));
        }
        Ok(())
    }

    async fn build(
        &self,
        spec: &LaunchSpec,
        progress: &Progress,
        home: HomeVolume,
        cancel: &CancellationToken,
    ) -> Result<(), EngineError> {
        let docker = self.connection.client().await?;
        let image_id = self.resolve_image(docker, &spec.image_reference).await?;
        let network = network::ensure(&self.connection, spec.profile.network);
        let (facts, network) = tokio::join!(self.facts(docker, &image_id), network);
        let (facts, ()) = (facts?, network?);
        let intended = self.intended(spec, image_id, facts);
        check_cancelled(cancel)?;
        if home == HomeVolume::Create {
            volume::create(docker, &self.names, spec.id).await?;
        }
        let socket = self.listen(spec.id, spec.profile.root_allowed, facts.remapped_root)?;
        progress(Stage::Volume);
        check_cancelled(cancel)?;

        let name = intended.container.clone();
        let options = CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        call(CHANGE_TIMEOUT, docker.create_container(Some(options), create::body(&intended))).await?;
        progress(Stage::Container);
        check_cancelled(cancel)?;

        let checks = Description::new(&inspect(docker, &name).await?)?.observe(&intended).checks;
        if let Some(difference) = first_difference(&checks) {
            return Err(EngineError::ProfileMismatch(difference));
        }
        progress(Stage::Verified);
        check_cancelled(cancel)?;
        self.run(docker, &intended, &socket, progress, cancel).await
    }

    /// Starts a container whose description is verified, and verifies the guest's report.
    pub(super) async fn run(
        &self,
        docker: &Docker,
        intended: &Intended,
        socket: &Arc<GuestSocket>,
        progress: &Progress,
        cancel: &CancellationToken,
    ) -> Result<(), EngineError> {
        call(CHANGE_TIMEOUT, docker.start_container(&intended.container, None)).await?;
        progress(Stage::Started);
        let report = tokio::select! {
            report = socket.inspect(FIRST_REPORT_TIMEOUT) => report?,
            () = cancel.cancelled() => return check_cancelled(cancel),
        };
        if let Some(difference) = first_difference(&verify_inside(intended, &report)) {
            return Err(EngineError::ProfileMismatch(format!("seen from inside, {difference}")));
        }
        progress(Stage::Inside);
        progress(Stage::Ready);
        Ok(())
    }

    /// The digest of an image that the profile allows. The container is created from the digest, so it runs the image
    /// that was checked.
    pub(super) async fn resolve_image(&self, docker: &Docker, reference: &str) -> Result<String, EngineError> {
        let image = call_optional(QUERY_TIMEOUT, docker.inspect_image(reference)).await?;
        let image = image.ok_or_else(|| EngineError::ImageMissing(reference.to_owned()))?;
        let refuse = |why: &str| Err(EngineError::ImageRefused(reference.to_owned(), why.to_owned()));
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
}

/// Called between steps only: a step that runs on the engine has to end before it can be undone.
fn check_cancelled(cancel: &CancellationToken) -> Result<(), EngineError> {
    if cancel.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
}
