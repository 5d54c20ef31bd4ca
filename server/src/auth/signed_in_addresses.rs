//! Addresses with a signed-in request within the last day. The listener reserves connections for them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use access::Clock;
use protocol::UserId;
use rates::subscriber;

use crate::budgets::{ACCOUNT_ADDRESSES, SIGNED_IN_ADDRESSES, SIGNED_IN_SECS};

#[derive(Debug, Clone, Copy)]
struct LastRequest {
    at: i64,
    user: UserId,
}

/// One per server. Kept in memory and lost at a restart.
#[derive(Debug)]
pub struct SignedInAddresses {
    clock: Clock,
    addresses: Mutex<HashMap<IpAddr, LastRequest>>,
}

impl SignedInAddresses {
    /// Without addresses.
    pub fn new(clock: Clock) -> Self {
        Self { clock, addresses: Mutex::default() }
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, LastRequest>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a signed-in request. An account replaces its own oldest address when it has too many, so it cannot
    /// displace those of others.
    pub fn record(&self, user: UserId, address: IpAddr) {
        let (address, last) = (subscriber(address), LastRequest { at: self.clock.now().millis(), user });
        let mut addresses = self.addresses();
        if !addresses.contains_key(&address) {
            let own = addresses.values().filter(|last| last.user == user).count();
            if own >= ACCOUNT_ADDRESSES {
                remove_oldest(&mut addresses, |last| last.user == user);
            } else if addresses.len() >= SIGNED_IN_ADDRESSES {
                remove_oldest(&mut addresses, |_| true);
            }
        }
        addresses.insert(address, last);
    }

    /// Whether this address had a signed-in request within the last day.
    pub fn contains(&self, address: IpAddr) -> bool {
        let since = self.clock.now().millis() - SIGNED_IN_SECS * 1000;
        self.addresses().get(&subscriber(address)).is_some_and(|last| last.at > since)
    }
}

fn remove_oldest(addresses: &mut HashMap<IpAddr, LastRequest>, which: impl Fn(&LastRequest) -> bool) {
    let oldest = addresses.iter().filter(|(_, last)| which(last)).min_by_key(|(_, last)| last.at);
    if let Some(address) = oldest.map(|(address, _)| *address) {
        addresses.remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use protocol::Timestamp;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_address_is_remembered_for_a_day_and_an_account_has_few() {
        let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
        let known = SignedInAddresses::new(clock.clone());
        let user = |n| UserId::new(Uuid::from_u128(n));
        let address = |n| IpAddr::from(Ipv4Addr::from_bits(n));
        known.record(user(1), address(1));
        for n in 100..200 {
            clock.advance_secs(1);
            known.record(user(2), address(n));
        }
        assert!(known.contains(address(1)) && known.contains(address(199)));
        assert_eq!((100..200).filter(|n| known.contains(address(*n))).count(), ACCOUNT_ADDRESSES);
        clock.advance_secs(SIGNED_IN_SECS);
        assert!(!known.contains(address(199)));
        for n in 0..u32::try_from(SIGNED_IN_ADDRESSES).unwrap() + 100 {
            known.record(user(u128::from(n)), address(n));
        }
        assert!(known.addresses().len() <= SIGNED_IN_ADDRESSES);
    }
}
