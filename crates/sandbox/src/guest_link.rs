//! The server's end of the guest link: one Unix socket per terminal, which the guest dials.
//!
//! The server listens, so nothing a container does to the path can lead the server elsewhere. Whatever arrives is
//! hostile: lengths are bounded, every byte is parsed totally, and a peer that breaks the protocol is dropped with a
//! log line. One connection is live at a time and the newest wins, so a guest that comes back is never locked out by
//! its own ghost. This file refuses to know panes, viewers and proofs.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use guest_protocol::{FrameBuffer, FromGuest, GuestReport, OLDEST_VERSION, ToGuest, VERSION, is_retired_tag};
use protocol::limits;
use rustix::fs::{Mode, OFlags};
use terminal::{GuestLink, GuestUnavailable};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Notify, mpsc, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::RuntimeError;

/// Name of the socket inside a terminal's link directory.
pub const SOCKET_NAME: &str = "s";
/// Messages of the guest that wait for the session; with a full queue the socket is not read.
const INBOX_MESSAGES: usize = 16;
/// Bytes for the guest that wait; with more, [`GuestLink::send`] waits.
const OUTBOX_BYTES_MAX: usize = 2 * limits::GUEST_FRAME_BYTES_MAX;
/// A peer that has not said Hello by then is dropped.
const HELLO_DEADLINE: Duration = Duration::from_secs(5);
/// Pause after a peer that broke the protocol, so that one that does so in a loop costs nothing.
const AFTER_BAD_PEER: Duration = Duration::from_millis(50);

/// The listening end of one terminal's guest link. Dropping it closes the socket and ends its task.
#[derive(Debug)]
pub struct SocketLink {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Shared {
    root_allowed: bool,
    slot: Mutex<Slot>,
    /// Number of the live connection; `None` while the guest is away.
    live: watch::Sender<Option<u64>>,
    /// A connection waits to be taken by [`GuestLink::connect`].
    fresh: Notify,
    /// Bytes were queued that the socket did not take at once.
    unsent: Notify,
    /// The queue has room again, or its connection is gone.
    room: Notify,
    /// The newest report, and how many there were.
    reports: watch::Sender<(u64, Option<Box<GuestReport>>)>,
}

#[derive(Debug, Default)]
struct Slot {
    count: u64,
    stream: Option<Arc<UnixStream>>,
    inbox: Option<mpsc::Receiver<FromGuest>>,
    outbox: Vec<u8>,
    sent: usize,
}

impl SocketLink {
    /// Makes `dir` (0700) when it is missing, removes a stale socket, and listens on `dir/s`.
    /// `root_allowed` is told to the guest at every connection.
    ///
    /// # Errors
    /// When the directory cannot be made or the socket cannot be bound.
    pub fn bind(dir: &Path, root_allowed: bool, shutdown: CancellationToken) -> io::Result<Self> {
        let listener = listen(dir)?;
        let shared = Arc::new(Shared {
            root_allowed,
            slot: Mutex::default(),
            live: watch::Sender::new(None),
            fresh: Notify::new(),
            unsent: Notify::new(),
            room: Notify::new(),
            reports: watch::Sender::new((0, None)),
        });
        let task = tokio::spawn(accept_loop(shared.clone(), listener, shutdown));
        Ok(Self { shared, _task: AbortOnDropHandle::new(task) })
    }

    /// Asks the guest what it sees from inside; waits for the guest to dial when it has not yet.
    ///
    /// # Errors
    /// [`RuntimeError::NoGuest`] when no report came within `deadline`.
    pub async fn inspect(&self, deadline: Duration) -> Result<GuestReport, RuntimeError> {
        let ask = async {
            let mut reports = self.shared.reports.subscribe();
            let mut live = self.shared.live.subscribe();
            loop {
                let Ok(number) = live.wait_for(Option::is_some).await.map(|n| *n) else { return None };
                if self.send(ToGuest::Inspect).await.is_err() {
                    continue;
                }
                tokio::select! {
                    seen = reports.changed() => {
                        seen.ok()?;
                        if let Some(report) = reports.borrow_and_update().1.as_deref() {
                            return Some(report.clone());
                        }
                    }
                    // The connection was lost: ask the next one.
                    lost = live.wait_for(|n| *n != number) => { lost.ok()?; }
                }
            }
        };
        match timeout(deadline, ask).await {
            Ok(Some(report)) => Ok(report),
            Ok(None) => Err(RuntimeError::NoGuest("the link is closed".into())),
            Err(_) => Err(RuntimeError::NoGuest(format!("no report within {} ms", deadline.as_millis()))),
        }
    }

    /// For whoever wants to know each time the guest goes away.
    pub fn away(&self) -> Away {
        Away(self.shared.live.subscribe())
    }

    /// Whether a guest is connected now.
    pub fn connected(&self) -> bool {
        self.shared.live.borrow().is_some()
    }
}

/// Sees the guest of one link come and go.
#[derive(Debug)]
pub struct Away(watch::Receiver<Option<u64>>);

impl Away {
    /// Calls `told` each time the guest went away, for as long as the link is there.
    pub async fn each(mut self, told: impl Fn()) {
        while self.0.changed().await.is_ok() {
            if self.0.borrow_and_update().is_none() {
                told();
            }
        }
    }
}

#[async_trait]
impl GuestLink for SocketLink {
    async fn send(&self, message: ToGuest) -> Result<(), GuestUnavailable> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        loop {
            let room = self.shared.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            match self.shared.offer(&bytes) {
                Offer::Taken => return Ok(()),
                Offer::Away => return Err(GuestUnavailable),
                Offer::Full => room.await,
            }
        }
    }

    async fn connect(&self) -> Result<mpsc::Receiver<FromGuest>, GuestUnavailable> {
        loop {
            let fresh = self.shared.fresh.notified();
            tokio::pin!(fresh);
            fresh.as_mut().enable();
            if let Some(inbox) = self.shared.slot().inbox.take() {
                return Ok(inbox);
            }
            fresh.await;
        }
    }
}

enum Offer {
    Taken,
    Full,
    Away,
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes at once what the socket takes (a keystroke must not wait for another task), queues the rest.
    fn offer(&self, bytes: &[u8]) -> Offer {
        let mut slot = self.slot();
        let Some(stream) = slot.stream.clone() else { return Offer::Away };
        if slot.outbox.len() - slot.sent >= OUTBOX_BYTES_MAX {
            return Offer::Full;
        }
        let now = if slot.outbox.is_empty() { stream.try_write(bytes).unwrap_or(0) } else { 0 };
        if now < bytes.len() {
            slot.outbox.extend_from_slice(&bytes[now..]);
            self.unsent.notify_one();
        }
        Offer::Taken
    }

    /// Makes `stream` the live connection.
    fn adopt(&self, stream: &Arc<UnixStream>, inbox: mpsc::Receiver<FromGuest>) {
        let mut slot = self.slot();
        let count = slot.count + 1;
        *slot = Slot { count, stream: Some(stream.clone()), inbox: Some(inbox), ..Slot::default() };
        drop(slot);
        self.live.send_replace(Some(count));
        self.fresh.notify_waiters();
        self.room.notify_waiters();
    }

    fn let_go(&self) {
        let mut slot = self.slot();
        *slot = Slot { count: slot.count, ..Slot::default() };
        drop(slot);
        self.live.send_replace(None);
        self.room.notify_waiters();
    }
}

fn listen(dir: &Path) -> io::Result<UnixListener> {
    use std::os::{fd::AsRawFd, unix::fs::DirBuilderExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let held = rustix::fs::open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    // A socket's path holds 107 bytes; through the descriptor the length of the data directory does not matter.
    let short = format!("/proc/self/fd/{}/{SOCKET_NAME}", held.as_raw_fd());
    match std::fs::remove_file(&short) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => UnixListener::bind(&short),
    }
}

/// How serving a connection ended.
enum Ended {
    Lost(io::Error),
    Bad(String),
    Newer(UnixStream),
    Closed,
}

async fn accept_loop(shared: Arc<Shared>, listener: UnixListener, shutdown: CancellationToken) {
    let mut next = None;
    loop {
        let stream = match next.take() {
            Some(stream) => stream,
            None => tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                stream = accept(&listener) => stream,
            },
        };
        let ended = serve(&shared, &listener, stream, &shutdown).await;
        shared.let_go();
        match ended {
            Ended::Closed => return,
            Ended::Newer(stream) => next = Some(stream),
            Ended::Lost(error) => tracing::debug!(%error, "guest link lost"),
            Ended::Bad(why) => {
                tracing::warn!(%why, "guest link dropped: the guest broke the protocol");
                tokio::time::sleep(AFTER_BAD_PEER).await;
            }
        }
    }
}

async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                // Out of descriptors, most likely: not this terminal's fault, and it passes.
                tracing::warn!(%error, "guest link cannot accept");
                tokio::time::sleep(AFTER_BAD_PEER).await;
            }
        }
    }
}

async fn serve(shared: &Shared, listener: &UnixListener, stream: UnixStream, shutdown: &CancellationToken) -> Ended {
    let stream = Arc::new(stream);
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ended::Closed,
        newer = accept(listener) => Ended::Newer(newer),
        ended = receive(shared, &stream) => ended,
        error = flush(shared, &stream) => Ended::Lost(error),
    }
}

/// Reads Hello, makes the connection the live one, and hands on what follows. Ends only with the connection.
async fn receive(shared: &Shared, stream: &Arc<UnixStream>) -> Ended {
    let mut source = Source { stream, version: VERSION, buffer: FrameBuffer::default(), chunk: vec![0; 32 * 1024] };
    let hello = match timeout(HELLO_DEADLINE, source.next()).await {
        Ok(Ok(hello @ FromGuest::Hello { version: version @ OLDEST_VERSION..=VERSION, .. })) => {
            source.version = version;
            hello
        }
        Ok(Ok(FromGuest::Hello { version, .. })) => {
            return Ended::Bad(format!("version {version}, not {OLDEST_VERSION} to {VERSION}"));
        }
        Ok(Ok(_)) => return Ended::Bad("its first message was not Hello".into()),
        Ok(Err(ended)) => return ended,
        Err(_) => return Ended::Bad("no Hello in time".into()),
    };
    let (inbox, queue) = mpsc::channel(INBOX_MESSAGES);
    // There is room for it: the queue is new.
    let _ = inbox.try_send(hello);
    shared.adopt(stream, queue);
    shared.offer(&policy_frame(shared.root_allowed));
    loop {
        let message = tokio::select! {
            message = source.next() => message,
            // The session let this connection go and wants a new one.
            () = inbox.closed() => return Ended::Lost(io::ErrorKind::BrokenPipe.into()),
        };
        match message {
            Ok(FromGuest::Report(report)) => {
                shared.reports.send_modify(|(count, newest)| (*count, *newest) = (*count + 1, Some(report)));
            }
            Ok(FromGuest::Hello { .. }) => return Ended::Bad("it said Hello twice".into()),
            Ok(message) => {
                if inbox.send(message).await.is_err() {
                    return Ended::Lost(io::ErrorKind::BrokenPipe.into());
                }
            }
            Err(ended) => return ended,
        }
    }
}

fn policy_frame(root_allowed: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    ToGuest::Policy { root_allowed }.encode(&mut bytes);
    bytes
}

struct Source<'a> {
    stream: &'a UnixStream,
    /// Version of the guest, from its Hello.
    version: u16,
    buffer: FrameBuffer,
    chunk: Vec<u8>,
}

impl Source<'_> {
    async fn next(&mut self) -> Result<FromGuest, Ended> {
        loop {
            match self.buffer.next_frame() {
                Ok(Some((tag, _))) if is_retired_tag(self.version, tag) => continue,
                Ok(Some((tag, payload))) => {
                    return FromGuest::decode(tag, payload).map_err(|e| Ended::Bad(e.to_string()));
                }
                Ok(None) => {}
                Err(e) => return Err(Ended::Bad(e.to_string())),
            }
            self.stream.readable().await.map_err(Ended::Lost)?;
            match self.stream.try_read(&mut self.chunk) {
                Ok(0) => return Err(Ended::Lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(n) => self.buffer.push(&self.chunk[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(Ended::Lost(e)),
            }
        }
    }
}

/// Writes queued bytes whenever the socket takes some.
async fn flush(shared: &Shared, stream: &Arc<UnixStream>) -> io::Error {
    loop {
        shared.unsent.notified().await;
        loop {
            if let Err(error) = stream.writable().await {
                return error;
            }
            let mut slot = shared.slot();
            let written = match stream.try_write(&slot.outbox[slot.sent..]) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => continue,
                Err(e) => return e,
            };
            slot.sent += written;
            if slot.sent == slot.outbox.len() {
                slot.outbox.clear();
                slot.outbox.shrink_to(4096);
                slot.sent = 0;
            }
            let empty = slot.outbox.is_empty();
            drop(slot);
            shared.room.notify_waiters();
            if empty {
                break;
            }
        }
    }
}
