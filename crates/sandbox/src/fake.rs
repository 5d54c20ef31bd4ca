//! An engine made of memory, for tests that are about everything but containers. It keeps the contract of the port
//! (the same test bodies run on it and on the real engine) and can be told to fail or dawdle at any stage.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use access::{Attach, Authorized, Clock};
use async_trait::async_trait;
use guest_protocol::{FromGuest, PaneNo, ToGuest, VERSION};
use protocol::{
    TerminalId,
    admin::{Finding, Level},
    events::Stage,
    security::{SecurityReport, SecurityRow, Verdict},
    terminals::Stats,
};
use terminal::{GuestLink, GuestUnavailable};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Absence, Found, LaunchSpec, Limits, Progress, Runtime, RuntimeError,
    profile::{COMMANDS, STANDARD},
};

/// Images this engine has.
const IMAGES: [&str; 2] = ["rexec/debian:1", "rexec/dev:1"];
const IMAGE_BYTES: u64 = 100 * 1024 * 1024;
const INBOX_MESSAGES: usize = 1024;

/// How the next launches go.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Fail right before this stage is reached.
    pub fail_at: Option<Stage>,
    /// Dawdle this long before each stage.
    pub pace: Duration,
    /// Begin when this is cancelled.
    pub go: Option<CancellationToken>,
    /// The engine does not answer at all.
    pub away: bool,
    /// Removing fails.
    pub stuck: bool,
}

/// The engine made of memory.
#[derive(Debug, Clone)]
pub struct FakeRuntime(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    script: Mutex<Script>,
    things: Mutex<HashMap<TerminalId, Thing>>,
}

#[derive(Debug, Clone)]
struct Thing {
    state: Found,
    limits: Limits,
    hostname: String,
    shell: Arc<FakeShell>,
}

impl FakeRuntime {
    /// An engine with nothing on it.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, script: Mutex::default(), things: Mutex::default() }))
    }

    /// Says how the next calls go.
    pub fn script(&self, script: Script) {
        *self.0.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }

    /// Host name of a container, for tests.
    pub fn hostname(&self, id: TerminalId) -> Option<String> {
        self.things().get(&id).map(|thing| thing.hostname.clone())
    }

    /// Limits of a container, for tests.
    pub fn limits(&self, id: TerminalId) -> Option<Limits> {
        self.things().get(&id).map(|thing| thing.limits)
    }

    /// Something happens to a container behind the server's back (a reboot, an operator).
    pub fn becomes(&self, id: TerminalId, state: Found) {
        if let Some(thing) = self.things().get_mut(&id) {
            thing.state = state;
        }
    }

    /// The engine stops a container by itself.
    pub fn kill(&self, id: TerminalId) {
        self.becomes(id, Found::Stopped);
    }

    fn things(&self) -> MutexGuard<'_, HashMap<TerminalId, Thing>> {
        self.0.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self) -> Result<Script, RuntimeError> {
        let script = self.0.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if script.away { Err(RuntimeError::Unavailable("it is away".into())) } else { Ok(script) }
    }

    fn with<T>(&self, id: TerminalId, change: impl FnOnce(&mut Thing) -> T) -> Result<T, RuntimeError> {
        self.plan()?;
        self.things().get_mut(&id).map(change).ok_or(RuntimeError::NoContainer)
    }
}

/// Takes back what a launch made, unless the launch got through.
struct Undo<'a>(&'a FakeRuntime, Option<TerminalId>);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.1 {
            self.0.things().remove(&id);
        }
    }
}

#[async_trait]
impl Runtime for FakeRuntime {
    async fn create(&self, spec: &LaunchSpec, progress: Progress) -> Result<(), RuntimeError> {
        let script = self.plan()?;
        if !IMAGES.contains(&spec.image_reference.as_str()) {
            return Err(RuntimeError::NoImage(spec.image_reference.clone()));
        }
        if self.things().contains_key(&spec.id) {
            return Err(RuntimeError::Engine("the volume exists already".into()));
        }
        let mut undo = Undo(self, Some(spec.id));
        let shell = Arc::new(FakeShell::default());
        let (limits, hostname) = (spec.limits, spec.hostname.clone());
        self.things().insert(spec.id, Thing { state: Found::Remains, limits, hostname, shell });
        if let Some(go) = &script.go {
            go.cancelled().await;
        }
        for stage in Stage::ALL.into_iter().skip(1) {
            tokio::time::sleep(script.pace).await;
            if script.fail_at == Some(stage) {
                return Err(match stage {
                    Stage::Verified => RuntimeError::Differs("pids: not set".into()),
                    Stage::Inside => RuntimeError::NoGuest("it stays silent".into()),
                    _ => RuntimeError::Engine("it was told to fail".into()),
                });
            }
            let state = if stage < Stage::Started { Found::Stopped } else { Found::Running };
            self.with(spec.id, |thing| thing.state = state)?;
            progress(stage);
        }
        undo.1 = None;
        Ok(())
    }

    async fn start(&self, spec: &LaunchSpec) -> Result<(), RuntimeError> {
        let script = self.plan()?;
        if let Some(go) = &script.go {
            go.cancelled().await;
        }
        if script.fail_at == Some(Stage::Started) {
            return Err(RuntimeError::Engine("it was told to fail".into()));
        }
        self.with(spec.id, |thing| {
            match thing.state {
                Found::Running | Found::Paused => {}
                Found::Stopped | Found::Remains => thing.shell = Arc::default(),
                Found::Emptied => return Err(RuntimeError::NoContainer),
            }
            thing.state = Found::Running;
            Ok(())
        })?
    }

    async fn stop(&self, id: TerminalId) -> Result<(), RuntimeError> {
        self.with(id, |thing| thing.state = Found::Stopped)
    }

    async fn delete(&self, id: TerminalId) -> Result<Absence, RuntimeError> {
        if self.plan()?.stuck {
            return Err(RuntimeError::Engine("it is still there".into()));
        }
        self.things().remove(&id);
        let name = format!("fake-{id}");
        Ok(Absence { container: name.clone(), volume: name })
    }

    async fn set_limits(&self, id: TerminalId, limits: Limits) -> Result<(), RuntimeError> {
        self.with(id, |thing| thing.limits = limits)
    }

    async fn adopt(&self, id: TerminalId) -> Result<(), RuntimeError> {
        match self.with(id, |thing| thing.state)? {
            Found::Running => Ok(()),
            _ => Err(RuntimeError::NoContainer),
        }
    }

    async fn list(&self) -> Result<Vec<(TerminalId, Found)>, RuntimeError> {
        self.plan()?;
        Ok(self.things().iter().map(|(id, thing)| (*id, thing.state)).collect())
    }

    async fn stats(&self, id: TerminalId) -> Result<Stats, RuntimeError> {
        let thing = self.with(id, |thing| thing.clone())?;
        if thing.state != Found::Running {
            return Err(RuntimeError::NoContainer);
        }
        Ok(Stats {
            cpu_millis: 5,
            cpu_millis_limit: thing.limits.cpu_millis,
            memory_bytes: 6 * 1024 * 1024,
            memory_bytes_limit: thing.limits.memory_bytes,
            pids: 2,
            pids_limit: STANDARD.pids_max,
            at: self.0.clock.now(),
        })
    }

    async fn security(&self, spec: &LaunchSpec) -> Result<SecurityReport, RuntimeError> {
        let running = self.with(spec.id, |thing| thing.state)? == Found::Running;
        let rows = STANDARD.rows.iter().map(|row| SecurityRow {
            id: row.id.to_owned(),
            title: row.title.to_owned(),
            asked: row.asked.to_owned(),
            outside: None,
            inside: None,
            verdict: if row.pending.is_some() { Verdict::NotInForce } else { Verdict::Unknown },
            points: row.points,
            note: row
                .pending
                .unwrap_or(if running { "A made-up engine protects nothing." } else { row.protects })
                .to_owned(),
        });
        Ok(SecurityReport {
            profile: STANDARD.name.to_owned(),
            score_tenths: 0,
            rows: rows.collect(),
            commands: COMMANDS.iter().map(|c| (*c).to_owned()).collect(),
            at: self.0.clock.now(),
        })
    }

    async fn image_size(&self, reference: &str) -> Result<Option<u64>, RuntimeError> {
        self.plan()?;
        Ok(IMAGES.contains(&reference).then_some(IMAGE_BYTES))
    }

    async fn ping(&self) -> Result<(), RuntimeError> {
        self.plan().map(drop)
    }

    async fn probe(&self) -> Vec<Finding> {
        vec![Finding {
            id: "engine".into(),
            title: "Container engine".into(),
            seen: "made of memory, for tests".into(),
            level: Level::Warning,
            advice: None,
        }]
    }

    async fn guest_lost(&self) {
        // Guests made of memory do not go away by themselves.
        std::future::pending().await
    }

    async fn link(&self, access: &Authorized<Attach>) -> Result<Arc<dyn GuestLink>, RuntimeError> {
        let thing = self.with(access.id(), |thing| thing.clone())?;
        match thing.state {
            Found::Running => Ok(thing.shell),
            _ => Err(RuntimeError::NoContainer),
        }
    }
}

/// A guest whose shells know `echo WORDS`, `exit STATUS` and nothing else; input is echoed as a terminal would.
#[derive(Debug, Default)]
pub struct FakeShell(Mutex<Guest>);

#[derive(Debug, Default)]
struct Guest {
    to_server: Option<mpsc::Sender<FromGuest>>,
    shells: HashMap<String, Shell>,
    panes: HashMap<PaneNo, String>,
}

#[derive(Debug, Default)]
struct Shell {
    output: Vec<u8>,
    line: Vec<u8>,
    alive: bool,
}

impl FakeShell {
    fn guest(&self) -> MutexGuard<'_, Guest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl GuestLink for FakeShell {
    async fn send(&self, message: ToGuest) -> Result<(), GuestUnavailable> {
        let (to_server, answers) = {
            let mut guest = self.guest();
            let answers = guest.answer(message);
            (guest.to_server.clone(), answers)
        };
        let to_server = to_server.ok_or(GuestUnavailable)?;
        for answer in answers {
            to_server.send(answer).await.map_err(|_| GuestUnavailable)?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<mpsc::Receiver<FromGuest>, GuestUnavailable> {
        let (sender, receiver) = mpsc::channel(INBOX_MESSAGES);
        let _ = sender.try_send(FromGuest::Hello { version: VERSION, boot: 1 });
        let mut guest = self.guest();
        guest.panes.clear();
        guest.to_server = Some(sender);
        Ok(receiver)
    }
}

impl Guest {
    fn answer(&mut self, message: ToGuest) -> Vec<FromGuest> {
        match message {
            ToGuest::Open { pane, name, from, .. } => self.open(pane, name, from),
            ToGuest::Input { pane, bytes } => self.input(pane, &bytes),
            ToGuest::Inspect => vec![FromGuest::Report(Box::default())],
            ToGuest::Resize { .. } | ToGuest::Window { .. } | ToGuest::Policy { .. } => Vec::new(),
        }
    }

    fn open(&mut self, pane: PaneNo, name: String, from: u64) -> Vec<FromGuest> {
        let shell = self.shells.entry(name.clone()).or_default();
        let fresh = !shell.alive;
        if fresh {
            shell.alive = true;
            shell.output.extend_from_slice(b"$ ");
        }
        let newest = shell.output.len() as u64;
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(shell.output.len());
        let bytes = shell.output[start..].to_vec();
        self.panes.insert(pane, name);
        let mut answers = vec![FromGuest::Opened { pane, oldest: 0, newest, fresh }];
        if !bytes.is_empty() {
            answers.push(FromGuest::Output { pane, position: start as u64, bytes });
        }
        answers
    }

    fn input(&mut self, pane: PaneNo, bytes: &[u8]) -> Vec<FromGuest> {
        let Some(shell) = self.panes.get(&pane).and_then(|name| self.shells.get_mut(name)) else { return Vec::new() };
        let position = shell.output.len() as u64;
        let mut exit = None;
        for &byte in bytes {
            if byte != b'\r' {
                shell.line.push(byte);
                shell.output.push(byte);
                continue;
            }
            shell.output.extend_from_slice(b"\r\n");
            let line = String::from_utf8_lossy(&std::mem::take(&mut shell.line)).into_owned();
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("echo", words) => shell.output.extend_from_slice(format!("{words}\r\n").as_bytes()),
                ("exit", status) => exit = Some(status.parse().unwrap_or(0)),
                _ => {}
            }
            if exit.is_some() {
                break;
            }
            shell.output.extend_from_slice(b"$ ");
        }
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(shell.output.len());
        let mut answers = vec![FromGuest::Output { pane, position, bytes: shell.output[start..].to_vec() }];
        if let Some(status) = exit {
            answers.extend(self.end(pane, status));
        }
        answers
    }

    fn end(&mut self, pane: PaneNo, status: i32) -> Vec<FromGuest> {
        let Some(name) = self.panes.remove(&pane) else { return Vec::new() };
        if let Some(shell) = self.shells.get_mut(&name) {
            (shell.alive, shell.line) = (false, Vec::new());
        }
        vec![FromGuest::Exited { pane, status }]
    }
}
