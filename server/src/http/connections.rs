//! The HTTP listener: limits on connections, deadlines for requests, and graceful shutdown.
//!
//! Incomplete requests hold a descriptor, so head and body have deadlines; the deadline of the head also ends idle
//! connections. Terminal sockets and event streams have limits and timeouts of their own.

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

use super::{
    bounds::Bounds,
    peers::{PeerSlot, Peers},
    tcp::Connection,
};
use crate::{auth::SignedInAddresses, http::extract::ReadBy};

/// Delay after a failed accept, usually for lack of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

/// Serves until shutdown, then until the running requests have ended.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    bounds: Bounds,
    (trusted_proxies, known): (Vec<IpNet>, Arc<SignedInAddresses>),
    shutdown: CancellationToken,
) {
    let (tasks, capacity) = (TaskTracker::new(), Arc::new(Semaphore::new(bounds.open)));
    let peers = Peers::new(bounds, trusted_proxies, known);
    while let Some((tcp, peer, (permit, slot))) =
        shutdown.run_until_cancelled(accept(&listener, &capacity, &peers)).await
    {
        let (app, shutdown) = (app.clone(), shutdown.clone());
        tasks.spawn(async move {
            if let Err(error) = serve_connection(tcp, (peer, slot), app, bounds, shutdown).await {
                tracing::trace!(%error, "a connection ended");
            }
            drop(permit);
        });
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// Permits of a connection: one of all, and one of its address.
type Permits = (OwnedSemaphorePermit, PeerSlot);

async fn accept(
    listener: &TcpListener,
    capacity: &Arc<Semaphore>,
    peers: &Arc<Peers>,
) -> (TcpStream, SocketAddr, Permits) {
    loop {
        if capacity.available_permits() == 0 {
            rates::limited!(suppressed => tracing::warn!(suppressed, "the limit of connections is reached; the next one waits"));
        }
        // The semaphore is never closed.
        let Ok(permit) = capacity.clone().acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((tcp, peer)) => match peers.acquire(peer.ip()) {
                Some(slot) => return (tcp, peer, (permit, slot)),
                // Closed, because waiting it would hold a descriptor.
                None => tracing::debug!(%peer, "a limit of connections is reached for this address"),
            },
            // The peer closed it before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                rates::limited!(suppressed => tracing::error!(suppressed, %error, "no connection can be accepted"));
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

async fn serve_connection(
    tcp: TcpStream,
    (peer, slot): (SocketAddr, PeerSlot),
    app: Router,
    bounds: Bounds,
    shutdown: CancellationToken,
) -> hyper::Result<()> {
    let tcp = Connection::new(tcp);
    let (first_head, slot) = (CancellationToken::new(), &slot);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        slot.head_completed();
        first_head.cancel();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(tcp.clone());
        request.extensions_mut().insert(ReadBy(Instant::now() + bounds.body));
        app.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.idle).max_header_size(bounds.head_bytes);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(tcp.clone()), service).with_upgrades());
    tokio::select! {
        done = &mut connection => return done,
        () = shutdown.cancelled() => {}
        () = first_head_timeout(&first_head, bounds.head) => return Ok(()),
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// Returns after `limit`, but never once the first head is complete.
async fn first_head_timeout(complete: &CancellationToken, limit: Duration) {
    if tokio::time::timeout(limit, complete.cancelled()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}
