//! The server's end of the guest link: one listening Unix socket per sandbox, to which the guest connects.
//!
//! The server listens, so no change of the path inside the container can redirect the server to another socket. All
//! input is untrusted: lengths are bounded, and a guest that violates the protocol is disconnected and logged. One
//! connection is live at a time. A new connection replaces it, so a stale one cannot block a guest that reconnects.

mod connections;
mod live;

use std::{io, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use connections::accept_loop;
use guest_protocol::{FromGuest, GuestReport, ToGuest};
use live::{SendResult, Shared};
use rustix::fs::{Mode, OFlags};
use terminal::{GuestLink, GuestUnavailable};
use tokio::{
    net::UnixListener,
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::EngineError;

/// Name of the socket in the guest socket directory.
pub const SOCKET_NAME: &str = "s";

/// The listening end of one sandbox's guest link. Dropping it closes the socket and ends its task.
#[derive(Debug)]
pub struct GuestSocket {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

impl GuestSocket {
    /// Creates `dir` (mode 0700) if it is missing, removes a stale socket, and listens on `dir/s`. `root_allowed` is
    /// sent to the guest at every connection.
    ///
    /// # Errors
    /// The directory cannot be created or the socket cannot be bound.
    pub fn bind(dir: &Path, root_allowed: bool, shutdown: CancellationToken) -> io::Result<Self> {
        let listener = listen(dir)?;
        let shared = Arc::new(Shared::new(root_allowed));
        let task = tokio::spawn(accept_loop(shared.clone(), listener, shutdown));
        Ok(Self { shared, _task: AbortOnDropHandle::new(task) })
    }

    /// Requests the guest's report. Waits for a guest that is not connected yet.
    ///
    /// # Errors
    /// [`EngineError::GuestUnresponsive`] when no report arrives within `deadline`.
    pub async fn inspect(&self, deadline: Duration) -> Result<GuestReport, EngineError> {
        let request = async {
            let mut reports = self.shared.reports.subscribe();
            let mut live = self.shared.live.subscribe();
            loop {
                let Ok(number) = live.wait_for(Option::is_some).await.map(|n| *n) else { return None };
                if self.send(ToGuest::Inspect).await.is_err() {
                    continue;
                }
                tokio::select! {
                    changed = reports.changed() => {
                        changed.ok()?;
                        if let Some(report) = reports.borrow_and_update().1.as_deref() {
                            return Some(report.clone());
                        }
                    }
                    // The connection is lost. Repeat the request on the next one.
                    lost = live.wait_for(|n| *n != number) => { lost.ok()?; }
                }
            }
        };
        match timeout(deadline, request).await {
            Ok(Some(report)) => Ok(report),
            Ok(None) => Err(EngineError::GuestUnresponsive("the guest socket is closed".into())),
            Err(_) => Err(EngineError::GuestUnresponsive(format!("no report within {} ms", deadline.as_millis()))),
        }
    }

    /// Watches for the end of connections.
    pub fn disconnects(&self) -> Disconnects {
        Disconnects(self.shared.live.subscribe())
    }

    /// Whether a guest is connected.
    pub fn connected(&self) -> bool {
        self.shared.live.borrow().is_some()
    }
}

/// Watches the connections of one guest socket.
#[derive(Debug)]
pub struct Disconnects(watch::Receiver<Option<u64>>);

impl Disconnects {
    /// Calls `callback` each time the guest has disconnected. Returns when the socket is dropped.
    pub async fn for_each(mut self, callback: impl Fn()) {
        while self.0.changed().await.is_ok() {
            if self.0.borrow_and_update().is_none() {
                callback();
            }
        }
    }
}

#[async_trait]
impl GuestLink for GuestSocket {
    async fn send(&self, message: ToGuest) -> Result<(), GuestUnavailable> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        loop {
            let room = self.shared.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            match self.shared.try_send(&bytes) {
                SendResult::Accepted => return Ok(()),
                SendResult::NotConnected => return Err(GuestUnavailable),
                SendResult::QueueFull => room.await,
            }
        }
    }

    async fn connect(&self) -> Result<mpsc::Receiver<FromGuest>, GuestUnavailable> {
        loop {
            let connected = self.shared.connected.notified();
            tokio::pin!(connected);
            connected.as_mut().enable();
            if let Some(inbox) = self.shared.slot().inbox.take() {
                return Ok(inbox);
            }
            connected.await;
        }
    }
}

fn listen(dir: &Path) -> io::Result<UnixListener> {
    use std::os::{fd::AsRawFd, unix::fs::DirBuilderExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let dir_fd = rustix::fs::open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    // A socket address holds 107 bytes. The path through the descriptor is short for any data directory.
    let path = format!("/proc/self/fd/{}/{SOCKET_NAME}", dir_fd.as_raw_fd());
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => UnixListener::bind(&path),
    }
}
