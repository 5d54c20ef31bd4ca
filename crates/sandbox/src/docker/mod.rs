//! Docker, through bollard; nothing outside this folder names it. Containers of other instances on the same engine
//! are never listed, stopped or removed.

mod create;
mod engine;
mod host;
mod launch;
mod names;
mod network;
mod probe;
mod stats;
mod turns;
mod volume;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use access::{Attach, Authorized, Clock};
use async_trait::async_trait;
use bollard::{
    Docker as Client,
    models::{ContainerInspectResponse, ContainerSummaryStateEnum, ContainerUpdateBody},
    query_parameters::{ListContainersOptions, ListVolumesOptions, RemoveContainerOptions, StopContainerOptions},
};
use engine::{ASK, Engine, WORK, found, within};
use host::HostFacts;
use launch::{Home, describe};
use names::{LABEL_PROBE, Names};
use protocol::{TerminalId, admin::Finding, security::SecurityReport, terminals::Stats};
use stats::Samples;
use terminal::GuestLink;
use tokio::sync::{Notify, OnceCell};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use turns::Turns;
use uuid::Uuid;

use super::{
    Absence, Found, LaunchSpec, Limits, Progress, Runtime, RuntimeError,
    guest_link::SocketLink,
    profile::STANDARD,
    verify::{self, Intended, first_difference, verify_outside},
};

/// The guest gets this long to end its shells before it is killed.
const STOP_SECS: i32 = 5;
/// A report for the Security panel.
const PANEL_REPORT: Duration = Duration::from_secs(3);

/// The Docker runtime.
#[derive(Debug, Clone)]
pub struct Docker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    names: Names,
    /// The guest program, where the engine can mount it from.
    guest_binary: PathBuf,
    /// Folder of the link folders.
    link_root: PathBuf,
    facts: OnceCell<HostFacts>,
    links: Mutex<HashMap<TerminalId, Arc<SocketLink>>>,
    /// A guest's link was lost.
    lost: Arc<Notify>,
    samples: Samples,
    turns: Turns,
    tasks: TaskTracker,
    /// Ends the link sockets with the runtime.
    closing: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl Docker {
    /// Connects. `host` as in `REXEC_DOCKER_HOST`, absent: the usual local socket; `instance` says which containers on
    /// that engine are ours; `data_dir` and `guest` are absolute paths that the engine can mount from.
    ///
    /// # Errors
    /// [`RuntimeError::Unavailable`] when no engine answers.
    pub async fn connect(
        host: Option<&str>,
        instance: Uuid,
        data_dir: &Path,
        guest: &Path,
    ) -> Result<Self, RuntimeError> {
        let docker = Self(Arc::new(Inner {
            engine: Engine::new(host),
            names: Names::new(instance),
            guest_binary: guest.to_owned(),
            link_root: data_dir.join("link"),
            facts: OnceCell::new(),
            links: Mutex::default(),
            lost: Arc::default(),
            samples: Samples::default(),
            turns: Turns::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }));
        docker.ping().await?;
        Ok(docker)
    }
}

/// What the doctor sees of the engine at `host`, without a server.
pub async fn examine(host: Option<&str>) -> Vec<Finding> {
    probe::findings(&Engine::new(host)).await
}

impl Inner {
    fn links(&self) -> MutexGuard<'_, HashMap<TerminalId, Arc<SocketLink>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link_dir(&self, id: TerminalId) -> PathBuf {
        self.link_root.join(id.to_string())
    }

    async fn facts(&self, docker: &Client, image_id: &str) -> Result<&HostFacts, RuntimeError> {
        self.facts.get_or_try_init(|| host::look(docker, &self.names, &STANDARD, image_id)).await
    }

    fn intend(&self, spec: &LaunchSpec, image_id: String, facts: &HostFacts) -> Intended {
        let name = self.names.of(spec.id);
        let here = |paths: &[String]| paths.iter().filter(|p| Path::new(p).exists()).cloned().collect();
        Intended {
            profile: &STANDARD,
            id: spec.id,
            hostname: spec.hostname.clone(),
            limits: facts.possible(spec.limits),
            image_id,
            container: name.clone(),
            volume: name,
            labels: self.names.labels(spec.id),
            guest_binary: self.guest_binary.to_string_lossy().into_owned(),
            link_dir: self.link_dir(spec.id).to_string_lossy().into_owned(),
            masked_here: here(&facts.masked),
            read_only_here: here(&facts.read_only),
            masked: facts.masked.clone(),
            read_only: facts.read_only.clone(),
            block_io_weight: facts.block_io_weight,
            dns: facts.dns.clone(),
        }
    }

    /// The link of a terminal, listening; the one there is, or a new one.
    fn listen(&self, id: TerminalId, remapped_root: Option<u32>) -> Result<Arc<SocketLink>, RuntimeError> {
        let mut links = self.links();
        if let Some(link) = links.get(&id) {
            return Ok(link.clone());
        }
        let dir = self.link_dir(id);
        let failed = |e: std::io::Error| RuntimeError::Engine(format!("the guest's socket cannot be made: {e}"));
        let link = SocketLink::bind(&dir, STANDARD.root_allowed, self.closing.clone()).map_err(failed)?;
        if let Some(uid) = remapped_root {
            // Container root is this user here, and must reach the socket; nobody else may.
            let socket = dir.join(super::guest_link::SOCKET_NAME);
            for path in [&socket, &dir] {
                std::os::unix::fs::chown(path, Some(uid), Some(uid)).map_err(failed)?;
            }
        }
        let link = Arc::new(link);
        let (away, lost) = (link.away(), self.lost.clone());
        self.tasks.spawn(away.each(move || lost.notify_one()));
        links.insert(id, link.clone());
        Ok(link)
    }

    async fn restart(&self, spec: &LaunchSpec, cancel: &CancellationToken) -> Result<(), RuntimeError> {
        let docker = self.engine.client().await?;
        let image_id = self.usable_image(docker, &spec.image_reference).await?;
        let (facts, net) = tokio::join!(self.facts(docker, &image_id), network::ensure(&self.engine, STANDARD.network));
        let (facts, ()) = (facts?, net?);
        let intended = self.intend(spec, image_id, facts);
        let quiet: Progress = Arc::new(|_| {});
        if volume::find(docker, &self.names, spec.id).await?.is_none() {
            return Err(RuntimeError::NoContainer);
        }
        if let Some(container) = self.find(docker, spec.id).await? {
            match first_difference(&verify_outside(&intended, &describe(&container)?)) {
                None => {
                    let link = self.listen(spec.id, facts.remapped_root)?;
                    go_on(docker, &container).await?;
                    let ran = self.run(docker, &intended, &link, &quiet, cancel).await;
                    if ran.is_err() {
                        self.halt(spec.id).await?;
                    }
                    return ran;
                }
                Some(difference) => {
                    tracing::info!(terminal = %spec.id, difference, "made anew around its home volume");
                    self.remove_container(spec.id).await?;
                }
            }
        }
        self.launch(spec, &quiet, Home::Kept, cancel).await
    }

    async fn halt(&self, id: TerminalId) -> Result<(), RuntimeError> {
        let docker = self.engine.client().await?;
        let Some(container) = self.find(docker, id).await? else { return Err(RuntimeError::NoContainer) };
        if container.state.as_ref().and_then(|s| s.running) == Some(true) {
            // An engine does not stop what is paused.
            go_on(docker, &container).await?;
            let options = StopContainerOptions { t: Some(STOP_SECS), signal: None };
            found(WORK, docker.stop_container(&container.id.unwrap_or_default(), Some(options))).await?;
        }
        self.links().remove(&id);
        Ok(())
    }

    async fn inventory(&self) -> Result<HashMap<TerminalId, Found>, RuntimeError> {
        let docker = self.engine.client().await?;
        let filters = Some(self.names.filter());
        let volumes = docker.list_volumes(Some(ListVolumesOptions { filters: filters.clone() }));
        let all = ListContainersOptions { all: true, filters, ..ListContainersOptions::default() };
        let (volumes, containers) =
            tokio::try_join!(within(ASK, volumes), within(ASK, docker.list_containers(Some(all))))?;
        let mut all: HashMap<TerminalId, Found> = HashMap::new();
        for folder in std::fs::read_dir(&self.link_root).into_iter().flatten().flatten() {
            let id = folder.file_name().to_str().and_then(|name| name.parse().ok());
            all.extend(id.map(|id| (id, Found::Emptied)));
        }
        let homes = volumes.volumes.into_iter().flatten().filter_map(|v| self.names.owner(&v.labels));
        all.extend(homes.map(|id| (id, Found::Remains)));
        for container in containers {
            let labels = container.labels.unwrap_or_default();
            if labels.contains_key(LABEL_PROBE) {
                let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
                found(WORK, docker.remove_container(&container.id.unwrap_or_default(), Some(options))).await?;
            } else if let Some(id) = self.names.owner(&labels) {
                let found = match container.state {
                    Some(ContainerSummaryStateEnum::RUNNING) => Found::Running,
                    Some(ContainerSummaryStateEnum::PAUSED) => Found::Paused,
                    _ => Found::Stopped,
                };
                all.insert(id, found);
            }
        }
        Ok(all)
    }
}

/// Runs, and is not paused: an engine calls a paused container running, too.
fn runs(container: &ContainerInspectResponse) -> bool {
    container.state.as_ref().is_some_and(|s| s.running == Some(true) && s.paused != Some(true))
}

/// A paused container goes on where it was.
async fn go_on(docker: &Client, container: &ContainerInspectResponse) -> Result<(), RuntimeError> {
    if container.state.as_ref().and_then(|s| s.paused) == Some(true) {
        found(WORK, docker.unpause_container(container.id.as_deref().unwrap_or_default())).await?;
    }
    Ok(())
}

#[async_trait]
impl Runtime for Docker {
    async fn create(&self, spec: &LaunchSpec, progress: Progress) -> Result<(), RuntimeError> {
        let (inner, spec) = (self.0.clone(), spec.clone());
        self.owned(spec.id, move |cancel| async move { inner.launch(&spec, &progress, Home::Fresh, &cancel).await })
            .await
    }

    async fn start(&self, spec: &LaunchSpec) -> Result<(), RuntimeError> {
        let (inner, spec) = (self.0.clone(), spec.clone());
        self.owned(spec.id, move |cancel| async move { inner.restart(&spec, &cancel).await }).await
    }

    async fn stop(&self, id: TerminalId) -> Result<(), RuntimeError> {
        let inner = self.0.clone();
        self.owned(id, move |_| async move { inner.halt(id).await }).await
    }

    async fn delete(&self, id: TerminalId) -> Result<Absence, RuntimeError> {
        let inner = self.0.clone();
        inner.turns.give_way(id);
        self.owned(id, move |_| async move { inner.destroy(id).await }).await
    }

    async fn set_limits(&self, id: TerminalId, limits: Limits) -> Result<(), RuntimeError> {
        let docker = self.0.engine.client().await?;
        let container = self.0.find(docker, id).await?.ok_or(RuntimeError::NoContainer)?;
        let limits = self.0.facts(docker, &container.image.unwrap_or_default()).await?.possible(limits);
        let container = container.id.unwrap_or_default();
        let memory = i64::try_from(limits.memory_bytes).ok();
        let nano_cpus = Some(i64::from(limits.cpu_millis) * 1_000_000);
        let update = ContainerUpdateBody { memory, memory_swap: memory, nano_cpus, ..ContainerUpdateBody::default() };
        within(WORK, docker.update_container(&container, update)).await?;
        let seen = within(ASK, docker.inspect_container(&container, None)).await?.host_config.unwrap_or_default();
        if (seen.memory, seen.memory_swap, seen.nano_cpus) == (memory, memory, nano_cpus) {
            Ok(())
        } else {
            Err(RuntimeError::Differs("the limits were not taken over".into()))
        }
    }

    async fn adopt(&self, id: TerminalId) -> Result<(), RuntimeError> {
        let docker = self.0.engine.client().await?;
        let container = self.0.find(docker, id).await?.ok_or(RuntimeError::NoContainer)?;
        if !runs(&container) {
            return Err(RuntimeError::NoContainer);
        }
        let info = within(ASK, docker.info()).await?;
        self.0.listen(id, host::remapped_root(&info)).map(drop)
    }

    async fn list(&self) -> Result<Vec<(TerminalId, Found)>, RuntimeError> {
        Ok(self.0.inventory().await?.into_iter().collect())
    }

    async fn stats(&self, id: TerminalId) -> Result<Stats, RuntimeError> {
        let docker = self.0.engine.client().await?;
        let container = self.0.find(docker, id).await?.ok_or(RuntimeError::NoContainer)?;
        if !runs(&container) {
            return Err(RuntimeError::NoContainer);
        }
        let config = container.host_config.unwrap_or_default();
        let limits = Limits {
            memory_bytes: config.memory.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            cpu_millis: config.nano_cpus.and_then(|n| u32::try_from(n / 1_000_000).ok()).unwrap_or(0),
        };
        let name = container.id.unwrap_or_default();
        match stats::read(docker, &name, (id, limits), &self.0.samples, Clock::System.now()).await {
            // It ended while it was read: the engine refuses that in several ways.
            Err(RuntimeError::Engine(_)) if !self.0.find(docker, id).await?.is_some_and(|found| runs(&found)) => {
                Err(RuntimeError::NoContainer)
            }
            read => read,
        }
    }

    async fn security(&self, spec: &LaunchSpec) -> Result<SecurityReport, RuntimeError> {
        let docker = self.0.engine.client().await?;
        let container = self.0.find(docker, spec.id).await?.ok_or(RuntimeError::NoContainer)?;
        let image_id = container.image.clone().unwrap_or_default();
        let facts = self.0.facts(docker, &image_id).await?;
        let intended = self.0.intend(spec, image_id, facts);
        let link = self.0.links().get(&spec.id).cloned();
        let inside = match link {
            Some(link) => link.inspect(PANEL_REPORT).await.ok(),
            None => None,
        };
        let now = Clock::System.now();
        Ok(verify::report(&intended, &describe(&container)?, inside.as_ref(), now))
    }

    async fn image_size(&self, reference: &str) -> Result<Option<u64>, RuntimeError> {
        let docker = self.0.engine.client().await?;
        let image = found(ASK, docker.inspect_image(reference)).await?;
        Ok(image.and_then(|image| u64::try_from(image.size?).ok()))
    }

    async fn ping(&self) -> Result<(), RuntimeError> {
        within(ASK, self.0.engine.client().await?.ping()).await.map(drop)
    }

    async fn probe(&self) -> Vec<Finding> {
        probe::findings(&self.0.engine).await
    }

    async fn guest_lost(&self) {
        self.0.lost.notified().await;
    }

    async fn link(&self, access: &Authorized<Attach>) -> Result<Arc<dyn GuestLink>, RuntimeError> {
        let id = access.id();
        let known = self.0.links().get(&id).cloned();
        match known {
            Some(link) => Ok(link),
            None => {
                self.adopt(id).await?;
                let link = self.0.links().get(&id).cloned();
                link.map(|link| link as Arc<dyn GuestLink>).ok_or(RuntimeError::NoContainer)
            }
        }
    }
}

impl Docker {
    /// Runs work in a task of its own and in its turn, so that a caller who goes away cannot leave it half done: the work
    /// is told, and ends at its next step.
    async fn owned<T, F>(
        &self,
        id: TerminalId,
        work: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) -> Result<T, RuntimeError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, RuntimeError>> + Send + 'static,
    {
        let cancel = CancellationToken::new();
        let given_up = cancel.clone().drop_guard();
        let inner = self.0.clone();
        let task = self.0.tasks.spawn(async move {
            let _turn = inner.turns.take(id, &cancel).await;
            work(cancel).await
        });
        let done = task.await.map_err(|e| RuntimeError::Engine(format!("the work on the engine broke off: {e}")))?;
        given_up.disarm();
        done
    }
}
