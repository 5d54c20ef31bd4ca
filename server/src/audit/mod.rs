//! The audit log: who did what, when, from which address, and with which outcome.
//!
//! An event is appended in the transaction of its change, so there is no change without its event. Rejected requests
//! and reads have a transaction of their own, and a rate for each cause; beyond it they are counted. Values of details
//! need `Display`, which secrets do not implement.

mod chain;
mod entry;
mod rates;
mod search;
mod search_slots;

use std::sync::Arc;

use protocol::{Timestamp, UserId};
use store::{AuditRow, Db, StoreError, Tx};

pub use chain::verify;
use entry::outcome_name;
pub use entry::{Actor, AsActor, Entry};
pub use protocol::audit::AuditEvent;
pub use search::{Search, SearchError, export_after, search};
pub use search_slots::{SearchSlot, SearchSlots};

/// Appends an event to the chain, in the caller's transaction and after its changes: the head of the chain is locked
/// until the commit.
///
/// # Errors
/// When it cannot be written; then the change must not be committed.
pub async fn append(tx: &mut Tx, now: Timestamp, actor: &Actor, entry: Entry) -> Result<(), StoreError> {
    let (seq, previous) = tx.next_audit_position().await?;
    let mut row = AuditRow {
        seq,
        at: now.millis(),
        event: entry.event.as_str().to_owned(),
        outcome: outcome_name(entry.outcome).to_owned(),
        actor: actor.name.as_ref().map(ToString::to_string),
        actor_id: actor.user.map(UserId::uuid),
        subject_id: entry.subject.map(UserId::uuid),
        target: entry.target,
        target_name: entry.target_name,
        address: actor.address.map(|a| a.to_string()),
        detail: (!entry.detail.is_empty()).then_some(entry.detail),
        request_id: actor.request_id.clone(),
        hash: Vec::new(),
    };
    row.hash = chain::hash(&previous, &row);
    tx.append_audit(&row).await
}

/// The audit log for events without a change. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog {
    db: Db,
    rates: Arc<rates::RecordRates>,
}

impl AuditLog {
    /// The audit log of a database. One per server, because it counts the suppressed events.
    pub fn new(db: Db) -> Self {
        Self { db, rates: Arc::default() }
    }
}

/// Appends an event in a transaction of its own, for rejected requests and for reads. Beyond the rate of its cause it
/// is only counted; [`append_suppressed`] appends the count.
///
/// # Errors
/// When it cannot be written.
pub async fn record(log: &AuditLog, now: Timestamp, actor: &Actor, entry: Entry) -> Result<(), StoreError> {
    if !log.rates.admit(now, actor, &entry) {
        return Ok(());
    }
    let mut tx = log.db.begin().await?;
    append(&mut tx, now, actor, entry).await?;
    tx.commit().await
}

/// Appends an event for each cause whose window has ended, or for every cause, with the number of suppressed events.
///
/// # Errors
/// When they cannot be written. The counts are kept for the next call.
pub async fn append_suppressed(log: &AuditLog, now: Timestamp, all: bool) -> Result<(), StoreError> {
    let summaries = log.rates.take(now, all);
    if summaries.is_empty() {
        return Ok(());
    }
    let appended = async {
        let mut tx = log.db.begin().await?;
        for summary in &summaries {
            append(&mut tx, now, &summary.actor, summary.entry()).await?;
        }
        tx.commit().await
    };
    let result = appended.await;
    if result.is_err() {
        log.rates.restore(now, summaries);
    }
    result
}
