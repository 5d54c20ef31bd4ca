//! The session of one terminal: a task between its guest link and its panes. It exists longer than any client, and
//! continues when the link is lost and connected again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guest_protocol::{FromGuest, PaneNumber, ToGuest};
use protocol::{frame::Size, limits, names::Slug};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    guest_link::{GuestLink, GuestUnavailable},
    model_threads::ModelQueue,
    pane::{Pane, ShellState},
};

/// The terminal has [`limits::PANES_MAX`] panes.
#[derive(Debug)]
pub(super) struct TooManyPanes;

/// The guest sent a message that violates the protocol.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum ProtocolViolation {
    #[error("the first message was not Hello")]
    NoHello,
    #[error("output has an impossible position")]
    OutputPosition,
    #[error("a pane was opened at an impossible position")]
    OpenPosition,
}

/// The state of one running terminal.
#[derive(Debug)]
pub struct Session {
    link: Arc<dyn GuestLink>,
    panes: Mutex<Vec<Arc<Pane>>>,
    /// Wakes the task when an update for the guest is pending.
    update: Notify,
    models: ModelQueue,
    ended: CancellationToken,
}

impl Session {
    pub(super) fn new(link: Arc<dyn GuestLink>, models: ModelQueue, ended: CancellationToken) -> Self {
        Self { link, panes: Mutex::default(), update: Notify::new(), models, ended }
    }

    /// Whether this session uses `link` and has not ended.
    pub(super) fn uses(&self, link: &Arc<dyn GuestLink>) -> bool {
        Arc::ptr_eq(&self.link, link) && !self.ended.is_cancelled()
    }

    pub(super) fn end(&self) {
        self.ended.cancel();
    }

    /// Wakes the task to send pending updates.
    pub(super) fn notify(&self) {
        self.update.notify_one();
    }

    pub(super) fn link(&self) -> &dyn GuestLink {
        self.link.as_ref()
    }

    fn panes(&self) -> MutexGuard<'_, Vec<Arc<Pane>>> {
        self.panes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pane of that name; it is opened when it does not exist.
    pub(super) fn pane(&self, name: &Slug, size: Size) -> Result<Arc<Pane>, TooManyPanes> {
        let mut panes = self.panes();
        panes.retain(|p| {
            matches!(p.shell_state(), ShellState::Opening | ShellState::Running | ShellState::Disconnected(_))
        });
        if let Some(pane) = panes.iter().find(|p| p.name() == name.as_str()) {
            return Ok(pane.clone());
        }
        if panes.len() >= limits::PANES_MAX {
            return Err(TooManyPanes);
        }
        let number = (0..).find(|n| panes.iter().all(|p| p.number() != *n)).unwrap_or(PaneNumber::MAX);
        let pane = Arc::new(Pane::new(name.as_str().to_owned(), number, size, self.models.clone()));
        panes.push(pane.clone());
        self.notify();
        Ok(pane)
    }

    fn pane_by_number(&self, number: PaneNumber) -> Option<Arc<Pane>> {
        self.panes().iter().find(|p| p.number() == number).cloned()
    }

    /// Runs until the session is ended or its link is closed.
    pub(super) async fn run(self: Arc<Self>) {
        // Of this terminal, because another one must not hide its lines.
        let violations = rates::LogLimit::new();
        let mut last_boot_id = None;
        loop {
            let connection = tokio::select! {
                biased;
                () = self.ended.cancelled() => break,
                connection = self.link.connect() => connection,
            };
            let Ok(messages) = connection else { break };
            let lost = tokio::select! {
                biased;
                () = self.ended.cancelled() => break,
                lost = self.serve(messages, &mut last_boot_id) => lost,
            };
            if let Err(violation) = lost
                && let Some(suppressed) = violations.admit()
            {
                tracing::warn!(suppressed, %violation, "session dropped its connection to the guest");
            }
            let now = Instant::now();
            self.panes().iter().for_each(|p| p.set_shell_state(ShellState::Disconnected(now)));
        }
        self.ended.cancel();
        self.panes().drain(..).for_each(|p| p.set_shell_state(ShellState::Closed));
    }

    /// Serves one connection until it is lost. `last_boot_id` is the guest process that the panes belong to.
    async fn serve(
        &self,
        mut messages: mpsc::Receiver<FromGuest>,
        last_boot_id: &mut Option<u64>,
    ) -> Result<(), ProtocolViolation> {
        match messages.recv().await {
            Some(FromGuest::Hello { boot_id, .. }) => {
                if last_boot_id.replace(boot_id).is_some_and(|last| last != boot_id) {
                    // The container was started again, so none of the shells exists any more.
                    self.panes().drain(..).for_each(|p| p.set_shell_state(ShellState::Closed));
                }
            }
            Some(_) => return Err(ProtocolViolation::NoHello),
            None => return Ok(()),
        }
        let mut open: Vec<Arc<Pane>> = Vec::new();
        loop {
            let size_due = open.iter().filter_map(|pane| pane.size_due()).min();
            tokio::select! {
                biased;
                message = messages.recv() => match message {
                    Some(message) => self.receive(message).await?,
                    None => return Ok(()),
                },
                () = self.update.notified() => {}
                () = sleep_until(size_due.unwrap_or_else(Instant::now)), if size_due.is_some() => {}
            }
            if self.send_updates(&mut open).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Opens panes that are not open on this connection, and sends pending windows and sizes.
    async fn send_updates(&self, open: &mut Vec<Arc<Pane>>) -> Result<(), GuestUnavailable> {
        let panes = self.panes().clone();
        open.retain(|o| panes.iter().any(|p| Arc::ptr_eq(p, o)));
        for pane in panes {
            if !open.iter().any(|o| Arc::ptr_eq(o, &pane)) {
                let (size, from) = pane.reopen();
                let name = pane.name().to_owned();
                self.link.send(ToGuest::Open { pane: pane.number(), name, size, from }).await?;
                open.push(pane.clone());
            }
            if let Some(update) = pane.take_pending_update() {
                if let Some(size) = update.size {
                    self.link.send(ToGuest::Resize { pane: update.number, size }).await?;
                }
                if let Some(until) = update.window {
                    self.link.send(ToGuest::Window { pane: update.number, until }).await?;
                }
            }
        }
        Ok(())
    }

    async fn receive(&self, message: FromGuest) -> Result<(), ProtocolViolation> {
        match message {
            FromGuest::Output { pane, position, bytes } => {
                let Some(pane) = self.pane_by_number(pane) else { return Ok(()) };
                if !pane.push_output(position, &bytes) {
                    return Err(ProtocolViolation::OutputPosition);
                }
                pane.wait_for_model().await;
            }
            FromGuest::Opened { pane, oldest, newest, new_shell } => {
                if self.pane_by_number(pane).is_some_and(|p| !p.on_opened(oldest, newest, new_shell)) {
                    return Err(ProtocolViolation::OpenPosition);
                }
            }
            FromGuest::Exited { pane, status } => self.close_pane(pane, ShellState::Exited(status)),
            FromGuest::OpenFailed { pane, errno } => self.close_pane(pane, ShellState::Failed(errno)),
            FromGuest::InputAck { pane, bytes } => {
                if let Some(pane) = self.pane_by_number(pane) {
                    pane.on_input_ack(bytes);
                }
            }
            // The link itself consumes reports.
            FromGuest::Report(_) | FromGuest::Hello { .. } => {}
        }
        Ok(())
    }

    /// Ends a pane and frees its name. Attached clients still read its output to the end.
    fn close_pane(&self, number: PaneNumber, shell: ShellState) {
        let mut panes = self.panes();
        if let Some(at) = panes.iter().position(|p| p.number() == number) {
            let pane = panes.remove(at);
            drop(panes);
            pane.set_shell_state(shell);
        }
    }
}
