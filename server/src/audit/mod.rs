//! The audit log: who did what, when, from which address, and with which outcome.
//!
//! An event is appended in the transaction of its change, so there is no change without its event. Rejected requests
//! and reads have a transaction of their own, and a rate for each cause; beyond it they are counted. Values of details
//! need `Display`, which secrets do not implement.

mod chain;
mod checkpoint;
mod entry;
mod key_file;
mod keys;
mod rates;
mod search;
mod search_slots;

use std::sync::{Arc, Mutex, PoisonError};

use protocol::{Timestamp, UserId};
use store::{AuditHead, AuditRow, Db, StoreError, Tx};

pub use chain::{Fault, Verification, verify};
pub use checkpoint::{BadCheckpoints, Checkpoint, CheckpointError, checkpoint, read_checkpoints};
use entry::outcome_name;
pub use entry::{Actor, AsActor, Entry};
pub use key_file::{AuditKeyError, establish, open_keys, read_keys, renew_keys};
pub use keys::AuditKeys;
pub use protocol::audit::AuditEvent;
pub use search::{Search, SearchError, export_after, search};
pub use search_slots::{SearchSlot, SearchSlots};

/// The audit log of a database with its keys. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog {
    db: Db,
    keys: Arc<AuditKeys>,
    rates: Arc<rates::RecordRates>,
    /// The latest checkpoint of this process.
    latest: Arc<Mutex<Option<Checkpoint>>>,
}

impl AuditLog {
    /// The audit log of a database. One per server, because it counts.
    pub fn new(db: Db, keys: AuditKeys) -> Self {
        Self { db, keys: Arc::new(keys), rates: Arc::default(), latest: Arc::default() }
    }

    /// Appends an event to the chain, in the caller's transaction and after its changes: the head of the chain is
    /// locked until the commit.
    ///
    /// The new head is authenticated only when the old one was authentic, so that a rewritten end stays detectable.
    ///
    /// # Errors
    /// When it cannot be written; then the change must not be committed.
    pub async fn append(&self, tx: &mut Tx, now: Timestamp, actor: &Actor, entry: Entry) -> Result<(), StoreError> {
        let before = tx.lock_audit_head().await?;
        let mut row = AuditRow {
            seq: before.seq + 1,
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
        row.hash = self.keys.value(&before.hash, &row);
        let authentic = self.keys.authenticates(&before);
        let mut head = AuditHead { seq: row.seq, hash: row.hash.clone(), mac: None, ..before };
        head.mac = authentic.then(|| self.keys.head_mac(&head));
        tx.append_audit(&row, &head).await
    }

    /// Its database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    fn latest_checkpoint(&self) -> Option<Checkpoint> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_latest_checkpoint(&self, made: Checkpoint) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
    }
}

/// Deletes the events at the beginning of the chain that are older than `before`. Returns their number.
///
/// The new beginning is authenticated only when the chain was intact up to it, so that altered events stay detectable.
///
/// # Errors
/// When the database does not answer; then nothing must be committed.
pub async fn prune(log: &AuditLog, tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let head = tx.lock_audit_head().await?;
    let Some((seq, hash)) = tx.audit_end_before(before).await? else { return Ok(0) };
    let from = (head.base_seq, head.base_hash.clone());
    let walked = chain::walk(tx, &log.keys, &chain::Known::default(), from, seq).await?;
    let authentic = log.keys.authenticates(&head) && walked.as_ref() == Ok(&(seq, hash.clone()));
    if !authentic {
        tracing::error!(fault = ?walked.err(), "the deleted audit events were changed outside Rexec before");
    }
    let head = AuditHead { base_seq: seq, base_hash: hash, mac: None, ..head };
    let mac = authentic.then(|| log.keys.head_mac(&head));
    tx.prune_audit(&AuditHead { mac, ..head }).await
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
    log.append(&mut tx, now, actor, entry).await?;
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
            log.append(&mut tx, now, &summary.actor, summary.entry()).await?;
        }
        tx.commit().await
    };
    let result = appended.await;
    if result.is_err() {
        log.rates.restore(now, summaries);
    }
    result
}
