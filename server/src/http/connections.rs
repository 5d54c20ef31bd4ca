//! Connections: accepted, counted, each with deadlines, and ended in order.
//!
//! Half a request costs its sender nothing and holds a descriptor here, so it has a time: the head until it is there
//! (an idle connection waits in that time, too), the body from then on. What was upgraded to a terminal socket has
//! bounds and times of its own, and so has an event stream.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use super::peers::{PeerSlot, Peers};
use crate::http::extract::ReadBy;

/// A peer that takes nothing of what is sent for this long is gone.
const TAKES_NOTHING: Duration = Duration::from_secs(60);
/// Descriptors that are left for the database, the engine and the guests.
const DESCRIPTORS_KEPT: u64 = 512;
/// After a refusal of the system to accept (no descriptor is left, in short).
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// What a connection may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// From the connection, or from the end of the request before, until the head of the next request is there.
    pub head: Duration,
    /// From then until its body is there.
    pub body: Duration,
    /// Connections at once; more wait until one ends. Terminal sockets are not counted: they have bounds of their own.
    pub open: usize,
    /// Of these, connections of one address; further ones are closed. Configured proxies are not counted.
    pub peer: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), body: Duration::from_secs(30), open: 4096, peer: 1024 }
    }
}

impl Bounds {
    /// No more connections than this process may have descriptors. It may have as many as it is allowed to ask for.
    #[must_use]
    pub fn within_descriptors(self) -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let given = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: given.maximum, maximum: given.maximum });
        let descriptors = if raised.is_ok() { given.maximum } else { given.current };
        let room = descriptors.map_or(u64::MAX, |n| n.saturating_sub(DESCRIPTORS_KEPT).max(n / 2));
        let open = self.open.min(usize::try_from(room).unwrap_or(usize::MAX));
        Self { open, peer: self.peer.min(open / 4), ..self }
    }
}

/// Serves until told to stop; then until every request under way is answered.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    bounds: Bounds,
    trusted_proxies: Vec<IpNet>,
    shutdown: CancellationToken,
) {
    let (tasks, room) = (TaskTracker::new(), Arc::new(Semaphore::new(bounds.open)));
    let peers = Peers::new(bounds.peer, trusted_proxies);
    while let Some((tcp, peer, place)) = shutdown.run_until_cancelled(accept(&listener, &room, &peers)).await {
        let (app, shutdown) = (app.clone(), shutdown.clone());
        tasks.spawn(async move {
            if let Err(error) = converse(tcp, peer, app, bounds, shutdown).await {
                tracing::trace!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// A place among all, and one among those of its address.
type Places = (OwnedSemaphorePermit, PeerSlot);

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>, peers: &Arc<Peers>) -> (TcpStream, SocketAddr, Places) {
    loop {
        if room.available_permits() == 0 {
            tracing::warn!("as many connections are open as may be; the next one waits");
        }
        // Never closed: it lives as long as this loop.
        let Ok(place) = room.clone().acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((tcp, peer)) => match peers.enter(peer.ip()) {
                Some(of_peer) => return (tcp, peer, (place, of_peer)),
                // Closed rather than kept waiting: waiting, it would have a place after all.
                None => tracing::debug!(%peer, "this address has as many connections as it may"),
            },
            // Gone again before it was taken: the next one is not worse for it.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn converse(
    tcp: TcpStream,
    peer: SocketAddr,
    app: Router,
    bounds: Bounds,
    shutdown: CancellationToken,
) -> hyper::Result<()> {
    prepare(&tcp);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(ReadBy(Instant::now() + bounds.body));
        app.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.head);
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(tcp), answer).with_upgrades());
    tokio::select! {
        done = &mut conversation => return done,
        () = shutdown.cancelled() => {}
    }
    conversation.as_mut().graceful_shutdown();
    conversation.await
}

fn prepare(tcp: &TcpStream) {
    // Small frames must not wait for more.
    let nodelay = tcp.set_nodelay(true);
    let stalls = u32::try_from(TAKES_NOTHING.as_millis()).unwrap_or(u32::MAX);
    let given_up = rustix::net::sockopt::set_tcp_user_timeout(tcp, stalls);
    if let Err(error) = nodelay.and(given_up.map_err(io::Error::from)) {
        tracing::debug!(%error, "an option of a connection was refused");
    }
}
