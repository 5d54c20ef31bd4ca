//! An attached client: the interface that its transport uses.

use std::sync::Arc;

use access::{InputRight, ResizeRight};
use guest_protocol::ToGuest;
use protocol::frame::Size;
use tokio::sync::watch;

use super::{
    pane::{Cursor, InputTarget, Pane, Redraw},
    session::Session,
};

/// A client that was attached to a pane, with its position in the output.
#[derive(Debug)]
pub struct AttachedClient {
    /// The client. Detached when dropped.
    pub client: Client,
    /// Its position in the output.
    pub cursor: Cursor,
    /// Notified of each change of the pane.
    pub changed: watch::Receiver<()>,
}

/// An attached client, shared by the reading and the writing task of its transport.
#[derive(Debug)]
pub struct Client {
    pane: Arc<Pane>,
    id: u64,
    session: Arc<Session>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.pane.detach(self.id);
        self.session.notify();
    }
}

impl Client {
    pub(super) fn new(pane: Arc<Pane>, id: u64, session: Arc<Session>) -> Self {
        Self { pane, id, session }
    }

    /// The pane that the client is attached to.
    pub fn pane(&self) -> &Pane {
        &self.pane
    }

    /// A redraw of the pane's screen with all output that has arrived by now. `None` when the server shuts down, or
    /// when too many redraws are waiting.
    pub async fn redraw(&self) -> Option<Redraw> {
        self.pane.redraw().await
    }

    /// Number of the client within its pane.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Sends input to the shell. Waits while too much input of this pane is in flight. Input is dropped while the guest
    /// is not connected.
    pub async fn input(&self, _: InputRight<'_>, bytes: &[u8]) {
        self.send_input(Some(self.id), bytes).await;
    }

    /// Sends an emulator reply. It reaches the shell like input, but does not make this client's size the pane's
    /// size.
    pub async fn reply(&self, _: InputRight<'_>, bytes: &[u8]) {
        self.send_input(None, bytes).await;
    }

    /// `active_client` is the client whose size applies from now on.
    async fn send_input(&self, active_client: Option<u64>, bytes: &[u8]) {
        let target = match self.pane.reserve_input(active_client, bytes.len()) {
            Ok(target) => target,
            Err(()) => self.wait_for_input_credit(active_client, bytes.len()).await,
        };
        let InputTarget::Shell { number, resize } = target else { return };
        if let Some(size) = resize {
            let _ = self.session.link().send(ToGuest::Resize { pane: number, size }).await;
        }
        let _ = self.session.link().send(ToGuest::Input { pane: number, bytes: bytes.to_vec() }).await;
    }

    async fn wait_for_input_credit(&self, active_client: Option<u64>, bytes: usize) -> InputTarget {
        let mut changed = self.pane.watch();
        let _waiting = InputWaitGuard::new(self);
        loop {
            match self.pane.reserve_input(active_client, bytes) {
                Ok(target) => return target,
                Err(()) if changed.changed().await.is_err() => return InputTarget::None,
                Err(()) => {}
            }
        }
    }

    /// Records that the client's emulator has parsed the output up to `position`.
    pub fn acknowledge(&self, position: u64) {
        if self.pane.acknowledge(self.id, position) {
            self.session.notify();
        }
    }

    /// Applies the client's size to the pane. Sent by the calling task, so input that follows comes after it.
    pub async fn resize(&self, _: ResizeRight<'_>, size: Size) {
        if let Some((pane, size)) = self.pane.resize(self.id, size) {
            let _ = self.session.link().send(ToGuest::Resize { pane, size }).await;
        }
        // The session sends a size that is held back, and a guest that is not connected gets it when it connects.
        self.session.notify();
    }
}

/// Keeps the pane's output window open while input waits: a program that is blocked on writing output would never read
/// the input.
struct InputWaitGuard<'a>(&'a Client);

impl<'a> InputWaitGuard<'a> {
    fn new(client: &'a Client) -> Self {
        client.pane.set_input_waiting(true);
        client.session.notify();
        Self(client)
    }
}

impl Drop for InputWaitGuard<'_> {
    fn drop(&mut self) {
        self.0.pane.set_input_waiting(false);
        self.0.session.notify();
    }
}
