//! Limits and deadlines of the listener.

use std::time::Duration;

/// Descriptors reserved for the database, the engine and the guests.
const DESCRIPTORS_RESERVED: u64 = 512;

/// Limits and deadlines of connections. An address is one IPv4 address or one IPv6 /64.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// From the accept to the complete head of the first request. A browser sends it at once.
    pub head: Duration,
    /// From the end of a request to the complete head of the next one. Longer, because browsers and proxies keep
    /// connections open for it.
    pub idle: Duration,
    /// From the head to the complete body.
    pub body: Duration,
    /// Size of a head, in bytes; a larger one is answered with 431. Cookies and a long address fit.
    pub head_bytes: usize,
    /// Concurrent connections; more wait until one ends. Terminal sockets are not counted, they have their own limits.
    pub open: usize,
    /// Concurrent connections of one address; further ones are closed. Configured proxies are not counted.
    pub peer: usize,
    /// Connections of one address that have not sent their first head; further ones are closed. A browser has six.
    pub peer_waiting: usize,
    /// The same over all addresses, but for those with a recent signed-in request.
    pub waiting: usize,
    /// Connections that only addresses with a recent signed-in request may have, at most a quarter of `open`.
    pub reserved: usize,
    /// Connections of one address among them.
    pub peer_reserved: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Bounds {
    /// The bounds of a server with enough descriptors.
    pub const DEFAULT: Self = Self {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(30),
        body: Duration::from_secs(30),
        head_bytes: 32 * 1024,
        open: 4096,
        peer: 1024,
        peer_waiting: 64,
        waiting: 1024,
        reserved: 1024,
        peer_reserved: 64,
    };

    /// Connections that are reserved for known addresses.
    pub(super) fn reserved(&self) -> usize {
        self.reserved.min(self.open / 4)
    }

    /// Limits the connections to the descriptors of this process, whose soft limit is raised to the hard limit.
    #[must_use]
    pub fn within_descriptors(self) -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let given = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: given.maximum, maximum: given.maximum });
        let descriptors = if raised.is_ok() { given.maximum } else { given.current };
        let room = descriptors.map_or(u64::MAX, |n| n.saturating_sub(DESCRIPTORS_RESERVED).max(n / 2));
        let open = self.open.min(usize::try_from(room).unwrap_or(usize::MAX));
        Self { open, peer: self.peer.min(open / 4), waiting: self.waiting.min(open / 4), ..self }
    }
}
