//! The TCP connection of a client. The request handlers share it with the HTTP library, so that a revocation can
//! discard what the kernel has not sent.

use std::{
    io,
    net::Shutdown,
    os::fd::AsFd as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{connect_unspec, sockopt},
};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// TCP user timeout: a peer that acknowledges nothing for this long is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(60);
/// Limit of unsent bytes in the kernel, without one message that crosses it. More stays in the process, where a
/// revocation discards it.
const UNSENT_BYTES: u32 = 32 * 1024;

/// A connection; an extension of its requests.
#[derive(Debug, Clone)]
pub struct Connection(Arc<TcpStream>);

impl Connection {
    /// Sets the options of an accepted connection.
    pub fn new(tcp: TcpStream) -> Self {
        let connection = Self(Arc::new(tcp));
        if let Err(error) = connection.set_options() {
            tracing::debug!(%error, "a socket option could not be set");
        }
        connection
    }

    fn set_options(&self) -> io::Result<()> {
        // Small frames are sent without delay.
        self.0.set_nodelay(true)?;
        let stalls = u32::try_from(USER_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(&*self.0, stalls)?;
        SockRef::from(&*self.0).set_tcp_notsent_lowat(UNSENT_BYTES)
    }

    /// Whether the kernel has sent every byte that was written, once at least. A connection that failed has nothing
    /// left to send.
    pub fn is_sent(&self) -> bool {
        // With this limit the connection counts as writable only when nothing is unsent. The kernel's counter of its
        // queue (SIOCOUTQNSD) has no safe interface.
        if SockRef::from(&*self.0).set_tcp_notsent_lowat(1).is_err() {
            return false;
        }
        let mut sockets = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::OUT)];
        let ready = poll(&mut sockets, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        ready.is_ok() && !sockets[0].revents().is_empty()
    }

    /// Ends the connection by a reset. The kernel discards what it has not sent, and what the client has not
    /// acknowledged.
    pub fn reset(&self) {
        // For a kernel that keeps the connection until the descriptor is closed.
        let linger = sockopt::set_socket_linger(&*self.0, Some(Duration::ZERO));
        if let Err(error) = linger.and(connect_unspec(&*self.0)) {
            tracing::debug!(%error, "a connection could not be reset");
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            match self.0.try_read_buf(&mut *buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done.map(drop)),
            }
        }
    }
}

impl Connection {
    fn poll_try_write(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match write(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_try_write(cx, |tcp| tcp.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_try_write(cx, |tcp| tcp.try_write_vectored(parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.0).shutdown(Shutdown::Write))
    }
}
