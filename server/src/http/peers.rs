//! Limits the connections per address, so that one client cannot use all connections.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;

use crate::services::is_trusted;

/// The key of the counter: an IPv4 address, or the /64 of an IPv6 subscriber (RFC 6177).
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Open connections by address.
#[derive(Debug)]
pub(super) struct Peers {
    max: usize,
    /// Proxies are not counted, because they serve many clients.
    trusted: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A counted connection of an address. Dropping it releases the connection.
#[derive(Debug)]
pub(super) struct PeerSlot(Option<(Arc<Peers>, IpAddr)>);

impl Peers {
    pub(super) fn new(max: usize, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { max, trusted, open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection; `None` when the address has reached its limit.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<PeerSlot> {
        if is_trusted(address, &self.trusted) {
            return Some(PeerSlot(None));
        }
        let one = key(address);
        let mut open = self.open();
        let count = open.entry(one).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(PeerSlot(Some((self.clone(), one))))
    }
}

impl Drop for PeerSlot {
    fn drop(&mut self) {
        let Some((peers, one)) = &self.0 else { return };
        let mut open = peers.open();
        if let Some(count) = open.get_mut(one) {
            *count -= 1;
            if *count == 0 {
                open.remove(one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_limited_per_address_except_for_proxies() {
        let peers = Peers::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let enter = |text: &str| peers.enter(text.parse().unwrap());
        let held = [enter("192.0.2.1"), enter("::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some) && enter("192.0.2.1").is_none(), "written in two ways, it is one");
        assert!(enter("192.0.2.2").is_some(), "another one has its own");
        let six = [enter("2001:db8::1"), enter("2001:db8::ffff:2")];
        assert!(six.iter().all(Option::is_some) && enter("2001:db8::3").is_none(), "a /64 is one");
        assert!(enter("2001:db8:0:1::1").is_some());
        let proxy = [(); 5].map(|()| enter("10.1.2.3"));
        assert!(proxy.iter().all(Option::is_some));
        drop(held);
        assert!(enter("192.0.2.1").is_some());
        drop((six, proxy));
        assert!(peers.open().is_empty());
    }
}
