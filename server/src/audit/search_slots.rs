//! Slots of searches: a few at the same time, and one for each account.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::UserId;
use tokio::{
    sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::SearchError;
use crate::budgets::{AUDIT_SEARCH_TIME, AUDIT_SEARCHES};

/// One per server.
#[derive(Debug)]
pub struct SearchSlots {
    all: Arc<Semaphore>,
    accounts: Mutex<HashMap<UserId, Arc<tokio::sync::Mutex<()>>>>,
}

/// A slot. Dropping it releases it.
#[derive(Debug)]
#[must_use]
pub struct SearchSlot(#[expect(dead_code, reason = "held")] (OwnedMutexGuard<()>, OwnedSemaphorePermit));

impl Default for SearchSlots {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AUDIT_SEARCHES)), accounts: Mutex::default() }
    }
}

impl SearchSlots {
    /// Waits for a slot. An account waits for its own searches first, so it occupies at most one slot.
    ///
    /// # Errors
    /// [`SearchError::Busy`] after [`AUDIT_SEARCH_TIME`].
    pub async fn acquire(&self, account: UserId) -> Result<SearchSlot, SearchError> {
        let own = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.retain(|_, lock| Arc::strong_count(lock) > 1);
            accounts.entry(account).or_default().clone()
        };
        let both = async {
            let own = own.lock_owned().await;
            let one = self.all.clone().acquire_owned().await.map_err(|_| SearchError::Busy)?;
            Ok(SearchSlot((own, one)))
        };
        timeout(AUDIT_SEARCH_TIME, both).await.map_err(|_| SearchError::Busy)?
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// FINDINGS A8.
    #[tokio::test]
    async fn an_account_has_one_search_at_a_time_and_all_together_two() {
        let slots = SearchSlots::default();
        let account = |n| UserId::new(uuid::Uuid::from_u128(n));
        let waits = async |n| timeout(Duration::from_millis(20), slots.acquire(account(n))).await.is_err();
        let first = slots.acquire(account(1)).await.unwrap();
        assert!(waits(1).await, "one of each account");
        let second = slots.acquire(account(2)).await.unwrap();
        assert!(waits(3).await, "two in all");
        drop(first);
        let third = slots.acquire(account(3)).await.unwrap();
        assert!(matches!(slots.acquire(account(2)).await, Err(SearchError::Busy)), "not forever");
        drop((second, third));
        assert!(!waits(1).await);
    }
}
