//! The rate of events that are recorded without a change. One cause, an account or an address with an event and an
//! outcome, records the first ones of a window; further ones are counted and become one event when the window ends.

use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::{Timestamp, UserId, admin::Outcome};
use rates::subscriber;

use protocol::audit::AuditEvent;

use super::entry::{Actor, Entry};
use crate::budgets::{AUDIT_ACCOUNT_CAUSES, AUDIT_ADDRESS_CAUSES, AUDIT_ROWS, AUDIT_WINDOW_SECS};

/// Who causes events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Principal {
    Account(UserId),
    Address(IpAddr),
    /// All for which the table has no room.
    Others,
}

/// A cause of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Cause {
    principal: Principal,
    event: AuditEvent,
    outcome: Outcome,
}

/// Events of one cause since `begun`.
#[derive(Debug)]
struct Window {
    begun: i64,
    recorded: u32,
    suppressed: Option<Summary>,
}

/// Suppressed events of one cause, to be appended as one event.
#[derive(Debug)]
pub(super) struct Summary {
    cause: Cause,
    count: u64,
    pub(super) actor: Actor,
    entry: Entry,
}

impl Summary {
    fn new(cause: Cause, actor: &Actor, entry: Entry) -> Self {
        let actor = match cause.principal {
            Principal::Others => Actor::system(),
            _ => Actor { request_id: None, ..actor.clone() },
        };
        Self { cause, count: 1, actor, entry: Entry { detail: String::new(), ..entry } }
    }

    /// Adds suppressed events. A subject or target that not all of them have is left out.
    fn add(&mut self, count: u64, entry: &Entry) {
        self.count += count;
        if self.entry.subject != entry.subject {
            self.entry.subject = None;
        }
        if self.entry.target != entry.target {
            (self.entry.target, self.entry.target_name) = (None, None);
        }
    }

    /// The event, with the number of suppressed events.
    pub(super) fn entry(&self) -> Entry {
        self.entry.clone().detail("suppressed", self.count)
    }
}

#[derive(Debug, Default)]
struct Windows(HashMap<Cause, Window>);

impl Windows {
    /// The window of a cause. When the table is full, the window of all others with the same event and outcome, of
    /// which there are no more than events.
    fn window(&mut self, cause: Cause, max: usize, now: i64) -> (Cause, &mut Window) {
        if !self.0.contains_key(&cause) && self.0.len() >= max {
            self.0.retain(|_, window| window.suppressed.is_some() || !window.has_ended(now));
        }
        let has_room = self.0.len() < max || self.0.contains_key(&cause);
        let cause = if has_room { cause } else { Cause { principal: Principal::Others, ..cause } };
        (cause, self.0.entry(cause).or_insert(Window { begun: now, recorded: 0, suppressed: None }))
    }
}

impl Window {
    fn has_ended(&self, now: i64) -> bool {
        // Also when the clock was set back.
        now < self.begun || now - self.begun >= AUDIT_WINDOW_SECS * 1000
    }
}

/// Counts recorded and suppressed events.
#[derive(Debug, Default)]
pub(super) struct RecordRates {
    accounts: Mutex<Windows>,
    addresses: Mutex<Windows>,
}

impl RecordRates {
    /// Whether an event is recorded. If not, it is counted. Events of the server itself are always recorded.
    pub(super) fn admit(&self, now: Timestamp, actor: &Actor, entry: &Entry) -> bool {
        let principal = match (actor.user, actor.address) {
            (Some(user), _) => Principal::Account(user),
            (None, Some(address)) => Principal::Address(subscriber(address)),
            (None, None) => return true,
        };
        let cause = Cause { principal, event: entry.event, outcome: entry.outcome };
        let now = now.millis();
        let (mut windows, max) = self.table(principal);
        let (cause, window) = windows.window(cause, max, now);
        if window.suppressed.is_none() && window.has_ended(now) {
            (window.begun, window.recorded) = (now, 0);
        }
        if window.recorded < AUDIT_ROWS {
            window.recorded += 1;
            return true;
        }
        match &mut window.suppressed {
            Some(summary) => summary.add(1, entry),
            none => *none = Some(Summary::new(cause, actor, entry.clone())),
        }
        false
    }

    fn table(&self, principal: Principal) -> (MutexGuard<'_, Windows>, usize) {
        let (table, max) = match principal {
            Principal::Account(_) => (&self.accounts, AUDIT_ACCOUNT_CAUSES),
            Principal::Address(_) | Principal::Others => (&self.addresses, AUDIT_ADDRESS_CAUSES),
        };
        (table.lock().unwrap_or_else(PoisonError::into_inner), max)
    }

    /// Takes the summaries of the windows that have ended, or of all.
    pub(super) fn take(&self, now: Timestamp, all: bool) -> Vec<Summary> {
        let mut taken = Vec::new();
        for table in [&self.accounts, &self.addresses] {
            let mut windows = table.lock().unwrap_or_else(PoisonError::into_inner);
            windows.0.retain(|_, window| {
                let ended = all || window.has_ended(now.millis());
                if ended {
                    taken.extend(mem::take(&mut window.suppressed));
                }
                !ended
            });
        }
        taken
    }

    /// Returns summaries that could not be appended.
    pub(super) fn restore(&self, now: Timestamp, summaries: Vec<Summary>) {
        for summary in summaries {
            let (mut windows, max) = self.table(summary.cause.principal);
            let (_, window) = windows.window(summary.cause, max, now.millis());
            match &mut window.suppressed {
                Some(newer) => newer.add(summary.count, &summary.entry),
                none => *none = Some(summary),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn from(address: u32) -> Actor {
        Actor { address: Some(std::net::Ipv4Addr::from_bits(address).into()), ..Actor::default() }
    }

    fn admitted(rates: &RecordRates, n: u32, now: Timestamp, actor: &Actor) -> usize {
        (0..n).filter(|_| rates.admit(now, actor, &Entry::new(AuditEvent::InviteAccepted).failed())).count()
    }

    /// FINDINGS A6, A7.
    #[test]
    fn the_first_events_of_a_cause_are_recorded_and_further_ones_counted() {
        let rates = RecordRates::default();
        assert_eq!(admitted(&rates, 500, NOW, &from(1)), 20);
        assert_eq!(admitted(&rates, 20, NOW, &from(2)), 20, "another address has its own");
        assert!(rates.admit(NOW, &from(1), &Entry::new(AuditEvent::InviteAccepted)), "so has another outcome");
        assert_eq!(admitted(&rates, 100, NOW, &Actor::system()), 100);
        assert!(rates.take(NOW.plus_secs(59), false).is_empty());
        let ended = rates.take(NOW.plus_secs(60), false);
        assert_eq!(ended.iter().map(|s| s.entry().detail).collect::<Vec<_>>(), ["suppressed=480"]);
        assert_eq!(admitted(&rates, 500, NOW.plus_secs(60), &from(1)), 20);
        // Nothing is lost when the database fails.
        rates.restore(NOW, ended);
        let all = rates.take(NOW.plus_secs(60), true);
        assert_eq!(all.iter().map(|s| s.entry().detail).collect::<Vec<_>>(), ["suppressed=960"]);
    }

    #[test]
    fn many_addresses_share_one_window_when_the_table_is_full() {
        let rates = RecordRates::default();
        let recorded: usize = (0..10_000).map(|address| admitted(&rates, 3, NOW, &from(address))).sum();
        assert_eq!(recorded, AUDIT_ADDRESS_CAUSES * 3 + 20);
        let all = rates.take(NOW, true);
        assert_eq!(all.iter().map(|s| s.count).sum::<u64>() + u64::try_from(recorded).unwrap(), 30_000);
        assert!(all.iter().all(|summary| summary.actor.address.is_none()));
    }
}
