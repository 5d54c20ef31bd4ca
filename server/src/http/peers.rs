//! Limits the connections per address, so that one client cannot use all connections, and reserves connections for
//! addresses with a recent signed-in request.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use ipnet::IpNet;
use rates::subscriber;

use super::bounds::Bounds;
use crate::{auth::SignedInAddresses, services::is_trusted};

/// Connections of one address.
#[derive(Debug, Default, Clone, Copy)]
struct AddressConnections {
    open: usize,
    /// Without a complete first head.
    waiting: usize,
    /// Among the connections reserved for known addresses.
    reserved: usize,
}

#[derive(Debug, Default)]
struct OpenConnections {
    addresses: HashMap<IpAddr, AddressConnections>,
    /// Not among the reserved connections.
    general: usize,
    waiting: usize,
}

/// OpenConnections connections by address, or by the /64 of an IPv6 subscriber.
#[derive(Debug)]
pub(super) struct Peers {
    bounds: Bounds,
    /// Proxies are not counted, because they serve many clients.
    trusted: Vec<IpNet>,
    known: Arc<SignedInAddresses>,
    open: Mutex<OpenConnections>,
}

/// A counted connection of an address. Dropping it releases the connection.
#[derive(Debug)]
pub(super) struct PeerSlot(Option<Counted>);

#[derive(Debug)]
struct Counted {
    peers: Arc<Peers>,
    address: IpAddr,
    reserved: bool,
    waiting: AtomicBool,
}

impl Peers {
    pub(super) fn new(bounds: Bounds, trusted: Vec<IpNet>, known: Arc<SignedInAddresses>) -> Arc<Self> {
        Arc::new(Self { bounds, trusted, known, open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection; `None` when a limit is reached. Known addresses are exempt from the limits of connections
    /// without a first head, and may use the reserved connections.
    pub(super) fn acquire(self: &Arc<Self>, address: IpAddr) -> Option<PeerSlot> {
        if is_trusted(address, &self.trusted) {
            return Some(PeerSlot(None));
        }
        let (known, address, bounds) = (self.known.contains(address), subscriber(address), self.bounds);
        let mut open = self.open();
        let mut count = open.addresses.get(&address).copied().unwrap_or_default();
        let too_many_waiting = !known && (count.waiting >= bounds.peer_waiting || open.waiting >= bounds.waiting);
        let reserved = open.general >= bounds.open.saturating_sub(bounds.reserved());
        let no_capacity = reserved && !(known && count.reserved < bounds.peer_reserved);
        if count.open >= bounds.peer || too_many_waiting || no_capacity {
            return None;
        }
        let waiting = !known;
        count.open += 1;
        count.waiting += usize::from(waiting);
        count.reserved += usize::from(reserved);
        open.waiting += usize::from(waiting);
        open.general += usize::from(!reserved);
        open.addresses.insert(address, count);
        let waiting = AtomicBool::new(waiting);
        Some(PeerSlot(Some(Counted { peers: self.clone(), address, reserved, waiting })))
    }
}

impl PeerSlot {
    /// The first head is complete.
    pub(super) fn head_completed(&self) {
        if let Some(counted) = &self.0 {
            counted.end_waiting(&mut counted.peers.open());
        }
    }
}

impl Counted {
    fn end_waiting(&self, open: &mut OpenConnections) {
        if self.waiting.swap(false, Ordering::Relaxed) {
            open.waiting -= 1;
            if let Some(count) = open.addresses.get_mut(&self.address) {
                count.waiting -= 1;
            }
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.peers.open();
        self.end_waiting(&mut open);
        open.general -= usize::from(!self.reserved);
        if let Some(count) = open.addresses.get_mut(&self.address) {
            count.open -= 1;
            count.reserved -= usize::from(self.reserved);
            if count.open == 0 {
                open.addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_addresses() -> Arc<SignedInAddresses> {
        Arc::new(SignedInAddresses::new(access::Clock::System))
    }

    fn v4(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(n).into()
    }

    /// FINDINGS A10.
    #[test]
    fn connections_without_a_head_are_limited_per_address_and_in_all() {
        let bounds = Bounds { peer_waiting: 2, waiting: 3, ..Bounds::DEFAULT };
        let peers = Peers::new(bounds, Vec::new(), no_addresses());
        let first = [peers.acquire(v4(1)), peers.acquire(v4(1))];
        assert!(first.iter().all(Option::is_some) && peers.acquire(v4(1)).is_none(), "two of one address");
        let other = peers.acquire(v4(2)).unwrap();
        assert!(peers.acquire(v4(3)).is_none(), "three in all");
        other.head_completed();
        other.head_completed();
        let third = peers.acquire(v4(3)).unwrap();
        assert!(peers.acquire(v4(4)).is_none());
        drop((first, third));
        let open = peers.open();
        assert_eq!((open.waiting, open.general), (0, 1));
        drop(open);
    }

    /// FINDINGS A10.
    #[test]
    fn connections_are_reserved_for_addresses_with_a_recent_signed_in_request() {
        let known = no_addresses();
        let bounds = Bounds { open: 8, reserved: 2, peer_reserved: 1, ..Bounds::DEFAULT };
        let peers = Peers::new(bounds, Vec::new(), known.clone());
        for n in [100, 101] {
            known.record(protocol::UserId::new(uuid::Uuid::nil()), v4(n));
        }
        let unknown: Vec<_> = (0..20).filter_map(|n| peers.acquire(v4(n))).collect();
        assert_eq!(unknown.len(), 6);
        let first = peers.acquire(v4(100));
        assert!(first.is_some() && peers.acquire(v4(100)).is_none(), "one known address does not use all of it");
        assert!(peers.acquire(v4(101)).is_some());
        drop((unknown, first));
        let open = peers.open();
        assert!(open.addresses.is_empty() && open.general == 0);
    }

    #[test]
    fn connections_are_limited_per_address_except_for_proxies() {
        let bounds = Bounds { peer: 2, ..Bounds::DEFAULT };
        let peers = Peers::new(bounds, vec!["10.0.0.0/8".parse().unwrap()], no_addresses());
        let acquire = |text: &str| peers.acquire(text.parse().unwrap());
        let held = [acquire("192.0.2.1"), acquire("::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some) && acquire("192.0.2.1").is_none(), "written in two ways, it is one");
        assert!(acquire("192.0.2.2").is_some(), "another one has its own");
        let six = [acquire("2001:db8::1"), acquire("2001:db8::ffff:2")];
        assert!(six.iter().all(Option::is_some) && acquire("2001:db8::3").is_none(), "a /64 is one");
        assert!(acquire("2001:db8:0:1::1").is_some());
        let proxy = [(); 5].map(|()| acquire("10.1.2.3"));
        assert!(proxy.iter().all(Option::is_some));
        drop(held);
        assert!(acquire("192.0.2.1").is_some());
        drop((six, proxy));
        assert!(peers.open().addresses.is_empty());
    }
}
