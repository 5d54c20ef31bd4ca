//! The connections of a guest socket: accept, handshake, receive and flush.

use std::{io, sync::Arc, time::Duration};

use guest_protocol::{FrameBuffer, FromGuest, OLDEST_VERSION, ToGuest, VERSION, is_retired_tag};
use rates::LogLimit;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::live::Shared;

/// Capacity of the channel of the guest's messages. While it is full, the socket is not read.
const INBOX_MESSAGES: usize = 16;
/// A guest that does not send Hello in this time is disconnected.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after an error, so that a peer that causes errors in a loop costs little.
const ERROR_DELAY: Duration = Duration::from_millis(50);

/// Why a connection ended.
enum Ended {
    Lost(io::Error),
    ProtocolViolation(String),
    /// Replaced by this newer connection.
    Replaced(UnixStream),
    ShutDown,
}

/// Accepts connections until `shutdown` and serves the newest.
pub(super) async fn accept_loop(shared: Arc<Shared>, listener: UnixListener, shutdown: CancellationToken) {
    // Of this container, because another one must not hide its lines.
    let violations = LogLimit::new();
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
        shared.clear_live();
        match ended {
            Ended::ShutDown => return,
            Ended::Replaced(stream) => next = Some(stream),
            Ended::Lost(error) => tracing::debug!(%error, "guest link lost"),
            Ended::ProtocolViolation(reason) => {
                if let Some(suppressed) = violations.admit() {
                    tracing::warn!(suppressed, %reason, "guest disconnected: protocol violation");
                }
                tokio::time::sleep(ERROR_DELAY).await;
            }
        }
    }
}

async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                // Most likely the process is out of file descriptors.
                rates::limited!(suppressed => tracing::warn!(suppressed, %error, "cannot accept a guest connection"));
                tokio::time::sleep(ERROR_DELAY).await;
            }
        }
    }
}

async fn serve(shared: &Shared, listener: &UnixListener, stream: UnixStream, shutdown: &CancellationToken) -> Ended {
    let stream = Arc::new(stream);
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ended::ShutDown,
        newer = accept(listener) => Ended::Replaced(newer),
        ended = receive(shared, &stream) => ended,
        error = flush(shared, &stream) => Ended::Lost(error),
    }
}

/// Reads Hello, makes the connection the live one and forwards the messages. Returns when the connection ends.
async fn receive(shared: &Shared, stream: &Arc<UnixStream>) -> Ended {
    let mut reader =
        MessageReader { stream, version: VERSION, buffer: FrameBuffer::default(), chunk: vec![0; 32 * 1024] };
    let hello = match timeout(HELLO_TIMEOUT, reader.next()).await {
        Ok(Ok(hello @ FromGuest::Hello { version: version @ OLDEST_VERSION..=VERSION, .. })) => {
            reader.version = version;
            hello
        }
        Ok(Ok(FromGuest::Hello { version, .. })) => {
            return Ended::ProtocolViolation(format!("version {version}, not {OLDEST_VERSION} to {VERSION}"));
        }
        Ok(Ok(_)) => return Ended::ProtocolViolation("the first message is not Hello".into()),
        Ok(Err(ended)) => return ended,
        Err(_) => return Ended::ProtocolViolation("no Hello in time".into()),
    };
    let (inbox, queue) = mpsc::channel(INBOX_MESSAGES);
    // The channel is empty, so this succeeds.
    let _ = inbox.try_send(hello);
    shared.set_live(stream, queue);
    shared.try_send(&policy_frame(shared.root_allowed));
    loop {
        let message = tokio::select! {
            message = reader.next() => message,
            // The session dropped the receiver and requests a new connection.
            () = inbox.closed() => return Ended::Lost(io::ErrorKind::BrokenPipe.into()),
        };
        match message {
            Ok(FromGuest::Report(report)) => {
                shared.reports.send_modify(|(count, newest)| (*count, *newest) = (*count + 1, Some(report)));
            }
            Ok(FromGuest::Hello { .. }) => return Ended::ProtocolViolation("second Hello".into()),
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

/// Decodes the messages of one connection.
struct MessageReader<'a> {
    stream: &'a UnixStream,
    /// Version of the guest, from its Hello.
    version: u16,
    buffer: FrameBuffer,
    chunk: Vec<u8>,
}

impl MessageReader<'_> {
    async fn next(&mut self) -> Result<FromGuest, Ended> {
        loop {
            match self.buffer.next_frame() {
                Ok(Some((tag, _))) if is_retired_tag(self.version, tag) => continue,
                Ok(Some((tag, payload))) => {
                    return FromGuest::decode(tag, payload).map_err(|e| Ended::ProtocolViolation(e.to_string()));
                }
                Ok(None) => {}
                Err(e) => return Err(Ended::ProtocolViolation(e.to_string())),
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

/// Writes queued bytes when the socket accepts more.
async fn flush(shared: &Shared, stream: &Arc<UnixStream>) -> io::Error {
    loop {
        shared.unsent.notified().await;
        loop {
            if let Err(error) = stream.writable().await {
                return error;
            }
            let mut slot = shared.slot();
            let written = match stream.try_write(&slot.queued[slot.written..]) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => continue,
                Err(e) => return e,
            };
            slot.written += written;
            if slot.written == slot.queued.len() {
                slot.queued.clear();
                slot.queued.shrink_to(4096);
                slot.written = 0;
            }
            let empty = slot.queued.is_empty();
            drop(slot);
            shared.room.notify_waiters();
            if empty {
                break;
            }
        }
    }
}
