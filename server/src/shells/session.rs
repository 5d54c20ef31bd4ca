//! Shells: one task per terminal between its guest link and its panes. It outlives every viewer, heals when the link
//! is lost, and refuses to know sockets and locks: a proof is asked for where bytes leave it, in `attach`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use guest_protocol::{FromGuest, PaneNo, ToGuest};
use protocol::{TerminalId, frame::Size, limits, names::Slug};
use rustix::io::Errno;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::pane::{Cursor, Pane, Phase, Typed};
use crate::{
    access::TerminalAccess,
    runtime::{GuestLink, RuntimeError},
};

/// A shell that has not started by then is given up.
const OPEN_DEADLINE: Duration = Duration::from_secs(10);

/// Why a viewer gets no seat.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The guest does not answer.
    #[error("the terminal does not answer")]
    NoAnswer,
    /// The shell could not be started.
    #[error("the shell could not be started (errno {0})")]
    NoShell(i32),
    /// Too many panes.
    #[error("this terminal has {} panes open, which is the most it can have", limits::PANES_MAX)]
    TooManyPanes,
    /// Too many viewers.
    #[error("{} viewers look at this pane, which is the most it can have", limits::CLIENTS_MAX)]
    TooManyViewers,
    /// The server is going away.
    #[error("the server is going away")]
    Closing,
}

/// All sessions of this process.
#[derive(Debug)]
pub struct Shells {
    hubs: Mutex<HashMap<TerminalId, Arc<Hub>>>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// The session of one terminal.
#[derive(Debug)]
struct Hub {
    link: Arc<dyn GuestLink>,
    panes: Mutex<Vec<Arc<Pane>>>,
    /// Something about a pane is to be told to the guest.
    wake: Arc<Notify>,
    end: CancellationToken,
}

impl Shells {
    /// No session yet. `shutdown` ends them all; [`Shells::ended`] waits for it.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { hubs: Mutex::default(), tasks: TaskTracker::new(), shutdown }
    }

    /// Opens or joins a pane. `from` is the first position the viewer does not have.
    ///
    /// # Errors
    /// [`JoinError`].
    pub async fn join(
        &self,
        access: &TerminalAccess,
        link: Arc<dyn GuestLink>,
        pane: &Slug,
        size: Option<Size>,
        from: Option<u64>,
    ) -> Result<Seat, JoinError> {
        let hub = self.hub(access.id(), link)?;
        let pane = hub.pane(pane, size.unwrap_or_default())?;
        // A viewer that gives up while it waits leaves a pane that opens without it, which is no harm.
        timeout(OPEN_DEADLINE, opened(&pane)).await.map_err(|_| JoinError::NoAnswer)??;
        let mut changed = pane.watch();
        changed.mark_unchanged();
        let (id, cursor) = pane.sit(size, from).ok_or(JoinError::TooManyViewers)?;
        hub.wake.notify_one();
        Ok(Seat { view: View { pane, id, hub }, cursor, changed })
    }

    fn hub(&self, id: TerminalId, link: Arc<dyn GuestLink>) -> Result<Arc<Hub>, JoinError> {
        if self.shutdown.is_cancelled() {
            return Err(JoinError::Closing);
        }
        let mut hubs = self.hubs();
        if let Some(hub) = hubs.get(&id) {
            if Arc::ptr_eq(&hub.link, &link) && !hub.end.is_cancelled() {
                return Ok(hub.clone());
            }
            hub.end.cancel();
        }
        let end = self.shutdown.child_token();
        let hub = Arc::new(Hub { link, panes: Mutex::default(), wake: Arc::default(), end });
        hubs.insert(id, hub.clone());
        self.tasks.spawn(run(hub.clone()));
        Ok(hub)
    }

    fn hubs(&self) -> MutexGuard<'_, HashMap<TerminalId, Arc<Hub>>> {
        self.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The terminal was stopped or deleted: its session is over, and what it kept in memory is gone.
    pub fn forget(&self, id: TerminalId) {
        if let Some(hub) = self.hubs().remove(&id) {
            hub.end.cancel();
        }
    }

    /// Waits until every session has ended; call it after the shutdown was tripped.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn opened(pane: &Pane) -> Result<(), JoinError> {
    let mut changed = pane.watch();
    loop {
        match pane.phase() {
            Phase::Live | Phase::Ended(_) => return Ok(()),
            // After a restart only the guest knows how many shells there are.
            Phase::Failed(errno) if errno == Errno::USERS.raw_os_error() => return Err(JoinError::TooManyPanes),
            Phase::Failed(errno) => return Err(JoinError::NoShell(errno)),
            Phase::Gone => return Err(JoinError::NoAnswer),
            Phase::Opening | Phase::Away(_) => {}
        }
        if changed.changed().await.is_err() {
            return Err(JoinError::NoAnswer);
        }
    }
}

impl Hub {
    fn panes(&self) -> MutexGuard<'_, Vec<Arc<Pane>>> {
        self.panes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pane(&self, name: &Slug, size: Size) -> Result<Arc<Pane>, JoinError> {
        let mut panes = self.panes();
        panes.retain(|p| matches!(p.phase(), Phase::Opening | Phase::Live | Phase::Away(_)));
        if let Some(pane) = panes.iter().find(|p| p.name() == name.as_str()) {
            return Ok(pane.clone());
        }
        if panes.len() >= limits::PANES_MAX {
            return Err(JoinError::TooManyPanes);
        }
        let number = (0..).find(|n| panes.iter().all(|p| p.number() != *n)).unwrap_or(PaneNo::MAX);
        let pane = Arc::new(Pane::new(name.as_str().to_owned(), number, size));
        panes.push(pane.clone());
        self.wake.notify_one();
        Ok(pane)
    }

    fn numbered(&self, number: PaneNo) -> Option<Arc<Pane>> {
        self.panes().iter().find(|p| p.number() == number).cloned()
    }
}

async fn run(hub: Arc<Hub>) {
    let mut boot = None;
    loop {
        let connection = tokio::select! {
            biased;
            () = hub.end.cancelled() => break,
            connection = hub.link.connect() => connection,
        };
        let Ok(inbox) = connection else { break };
        let lost = tokio::select! {
            biased;
            () = hub.end.cancelled() => break,
            lost = serve(&hub, inbox, &mut boot) => lost,
        };
        if let Err(why) = lost {
            tracing::warn!(%why, "session left its connection to the guest");
        }
        let now = Instant::now();
        hub.panes().iter().for_each(|p| p.turn(Phase::Away(now)));
    }
    hub.end.cancel();
    hub.panes().drain(..).for_each(|p| p.turn(Phase::Gone));
}

/// Serves one connection until it is lost.
///
/// # Errors
/// What the guest said that cannot be.
async fn serve(
    hub: &Hub,
    mut inbox: mpsc::Receiver<FromGuest>,
    last_boot: &mut Option<u64>,
) -> Result<(), &'static str> {
    match inbox.recv().await {
        Some(FromGuest::Hello { boot, .. }) => {
            if last_boot.replace(boot).is_some_and(|last| last != boot) {
                // The container was started anew: none of these shells is there any more.
                hub.panes().drain(..).for_each(|p| p.turn(Phase::Gone));
            }
        }
        Some(_) => return Err("its first message was not Hello"),
        None => return Ok(()),
    }
    let mut open: Vec<Arc<Pane>> = Vec::new();
    loop {
        tokio::select! {
            biased;
            message = inbox.recv() => match message {
                Some(message) => hear(hub, message).await?,
                None => return Ok(()),
            },
            () = hub.wake.notified() => {}
        }
        if tell(hub, &mut open).await.is_err() {
            return Ok(());
        }
    }
}

/// Opens panes that are not open on this connection, and tells the guest windows and sizes.
async fn tell(hub: &Hub, open: &mut Vec<Arc<Pane>>) -> Result<(), RuntimeError> {
    let panes = hub.panes().clone();
    open.retain(|o| panes.iter().any(|p| Arc::ptr_eq(p, o)));
    for pane in panes {
        if !open.iter().any(|o| Arc::ptr_eq(o, &pane)) {
            let (size, from) = pane.reopen();
            let name = pane.name().to_owned();
            hub.link.send(ToGuest::Open { pane: pane.number(), name, size, from }).await?;
            open.push(pane.clone());
        }
        if let Some(wish) = pane.wish() {
            if let Some(size) = wish.size {
                hub.link.send(ToGuest::Resize { pane: wish.number, size }).await?;
            }
            if let Some(until) = wish.window {
                hub.link.send(ToGuest::Window { pane: wish.number, until }).await?;
            }
        }
    }
    Ok(())
}

async fn hear(hub: &Hub, message: FromGuest) -> Result<(), &'static str> {
    match message {
        FromGuest::Output { pane, position, bytes } => {
            let Some(pane) = hub.numbered(pane) else { return Ok(()) };
            if !pane.output(position, &bytes) {
                return Err("its output has a position that cannot be");
            }
            while pane.feed_screen() {
                // Parsing is the slow part of a flood; others get their turn between the steps.
                tokio::task::yield_now().await;
            }
        }
        FromGuest::Opened { pane, oldest, newest, fresh } => {
            if hub.numbered(pane).is_some_and(|p| !p.opened(oldest, newest, fresh)) {
                return Err("it opened a pane at a position that cannot be");
            }
        }
        FromGuest::Exited { pane, status } => end(hub, pane, Phase::Ended(status)),
        FromGuest::OpenFailed { pane, errno } => end(hub, pane, Phase::Failed(errno)),
        FromGuest::Taken { pane, bytes } => {
            if let Some(pane) = hub.numbered(pane) {
                pane.taken(bytes);
            }
        }
        // The guest link handles reports and the first Hello itself.
        FromGuest::Report(_) | FromGuest::Hello { .. } => {}
    }
    Ok(())
}

/// The pane is over; its viewers still read it to its end, and its name is free.
fn end(hub: &Hub, number: PaneNo, phase: Phase) {
    let mut panes = hub.panes();
    if let Some(at) = panes.iter().position(|p| p.number() == number) {
        let pane = panes.remove(at);
        drop(panes);
        pane.turn(phase);
    }
}

/// A viewer's place at a pane. Given back when dropped.
#[derive(Debug)]
pub struct Seat {
    /// What may be done from it.
    pub view: View,
    /// Where it stands in the stream.
    pub cursor: Cursor,
    /// Wakes when the pane changes.
    pub changed: tokio::sync::watch::Receiver<()>,
}

/// The part of a seat that reading and writing share.
#[derive(Debug)]
pub struct View {
    /// The pane.
    pub pane: Arc<Pane>,
    /// Number of the seat.
    pub id: u64,
    hub: Arc<Hub>,
}

impl Drop for View {
    fn drop(&mut self) {
        self.pane.leave(self.id);
        self.hub.wake.notify_one();
    }
}

impl View {
    /// Types. Waits while too much of this pane's input is on its way. What is typed to a shell that is away is lost, as
    /// on a line that is down.
    pub async fn input(&self, bytes: &[u8]) {
        let typed = match self.pane.admit_input(self.id, bytes.len()) {
            Ok(typed) => typed,
            Err(()) => self.wait_for_room(bytes.len()).await,
        };
        let Typed::To { number, resized } = typed else { return };
        if resized {
            let _ = self.hub.link.send(ToGuest::Resize { pane: number, size: self.pane.size() }).await;
        }
        let _ = self.hub.link.send(ToGuest::Input { pane: number, bytes: bytes.to_vec() }).await;
    }

    async fn wait_for_room(&self, bytes: usize) -> Typed {
        let mut changed = self.pane.watch();
        let _waiting = Waiting::new(self);
        loop {
            match self.pane.admit_input(self.id, bytes) {
                Ok(typed) => return typed,
                Err(()) if changed.changed().await.is_err() => return Typed::Nowhere,
                Err(()) => {}
            }
        }
    }

    /// The viewer's terminal parsed the stream up to here.
    pub fn parsed(&self, position: u64) {
        if self.pane.parsed(self.id, position) {
            self.hub.wake.notify_one();
        }
    }

    /// The viewer's size, which counts from now on. Told by the task that read it, so that what is typed next comes after it.
    pub async fn resize(&self, size: Size) {
        if let Some(pane) = self.pane.resize(self.id, size) {
            let _ = self.hub.link.send(ToGuest::Resize { pane, size }).await;
            // Should the guest be away, it is told when it is back.
            self.hub.wake.notify_one();
        }
    }
}

/// While it lives the pane's window is open.
struct Waiting<'a>(&'a View);

impl<'a> Waiting<'a> {
    fn new(view: &'a View) -> Self {
        view.pane.wait_for_room(true);
        view.hub.wake.notify_one();
        Self(view)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.pane.wait_for_room(false);
        self.0.hub.wake.notify_one();
    }
}
