//! The sessions of all running terminals of this process, and how a client attaches to one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use access::{Attach, Authorized};
use protocol::{TerminalId, frame::Size, names::Slug};
use rustix::io::Errno;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    client::{AttachedClient, Client},
    guest_link::GuestLink,
    model_threads::ModelThreads,
    pane::{Pane, ShellState},
    session::{Session, TooManyPanes},
};

/// How long an attaching client waits for its shell to start.
const OPEN_DEADLINE: Duration = Duration::from_secs(10);

/// Why a client could not attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// The guest does not answer.
    #[error("the terminal does not answer")]
    GuestUnresponsive,
    /// The shell could not be started; its `errno`.
    #[error("the shell could not be started (errno {0})")]
    ShellNotStarted(i32),
    /// The terminal has [`protocol::limits::PANES_MAX`] panes.
    #[error("too many panes")]
    TooManyPanes,
    /// The pane has [`protocol::limits::CLIENTS_MAX`] clients.
    #[error("too many clients")]
    TooManyClients,
    /// The server is shutting down.
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// All sessions of this process.
#[derive(Debug)]
pub struct Sessions {
    sessions: Mutex<HashMap<TerminalId, Arc<Session>>>,
    models: ModelThreads,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Sessions {
    /// An empty set. `shutdown` ends all sessions; [`Sessions::wait`] waits for that.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { sessions: Mutex::default(), models: ModelThreads::start(), tasks: TaskTracker::new(), shutdown }
    }

    /// Attaches a client to a pane, which is opened if it does not exist. `from` is the first position that the client
    /// does not have; without it, or when it is no longer in the output buffer, the client starts with a redraw. The
    /// `size` of a client without the right to resize has no effect.
    pub async fn attach(
        &self,
        access: &Authorized<Attach>,
        link: Arc<dyn GuestLink>,
        pane: &Slug,
        size: Option<Size>,
        from: Option<u64>,
    ) -> Result<AttachedClient, AttachError> {
        let session = self.session(access, link)?;
        let size = size.filter(|_| access.resize_right().is_some());
        let pane = session.pane(pane, size.unwrap_or_default()).map_err(|TooManyPanes| AttachError::TooManyPanes)?;
        // When the caller is dropped while waiting, the pane opens without this client.
        timeout(OPEN_DEADLINE, wait_until_open(&pane)).await.map_err(|_| AttachError::GuestUnresponsive)??;
        let mut changed = pane.watch();
        changed.mark_unchanged();
        let (id, cursor) = pane.attach(size, from).ok_or(AttachError::TooManyClients)?;
        session.notify();
        Ok(AttachedClient { client: Client::new(pane, id, session), cursor, changed })
    }

    fn session(&self, access: &Authorized<Attach>, link: Arc<dyn GuestLink>) -> Result<Arc<Session>, AttachError> {
        if self.shutdown.is_cancelled() {
            return Err(AttachError::ShuttingDown);
        }
        let id = access.id();
        let mut sessions = self.sessions();
        if let Some(session) = sessions.get(&id) {
            if session.uses(&link) {
                return Ok(session.clone());
            }
            session.end();
        }
        let session =
            Arc::new(Session::new(link, self.models.queue(access.facts().owner), self.shutdown.child_token()));
        sessions.insert(id, session.clone());
        self.tasks.spawn(session.clone().run());
        Ok(session)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<TerminalId, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the session of a terminal that was stopped or deleted, and frees its output.
    pub fn end(&self, id: TerminalId) {
        if let Some(session) = self.sessions().remove(&id) {
            session.end();
        }
    }

    /// Waits until every session has ended. Call it after the shutdown token was cancelled.
    pub async fn wait(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Waits until the pane is open, or until it cannot be opened.
async fn wait_until_open(pane: &Pane) -> Result<(), AttachError> {
    let mut changed = pane.watch();
    loop {
        match pane.shell_state() {
            ShellState::Running | ShellState::Exited(_) => return Ok(()),
            // After a restart of the server only the guest has the number of shells.
            ShellState::Failed(errno) if errno == Errno::USERS.raw_os_error() => return Err(AttachError::TooManyPanes),
            ShellState::Failed(errno) => return Err(AttachError::ShellNotStarted(errno)),
            ShellState::Closed => return Err(AttachError::GuestUnresponsive),
            ShellState::Opening | ShellState::Disconnected(_) => {}
        }
        if changed.changed().await.is_err() {
            return Err(AttachError::GuestUnresponsive);
        }
    }
}
