//! The audit log of a server: appends, rates, deletion of old events, checkpoints.

use std::sync::{Arc, Mutex, PoisonError};

use protocol::{Timestamp, UserId};
use store::{AuditHead, AuditRow, Db, StoreError, Tx};

use super::{
    chain::{Known, walk},
    checkpoint::{self, BadCheckpoints, Checkpoint},
    entry::{Actor, Entry, outcome_name},
    keys::AuditKeys,
    rates::RecordRates,
};

/// The audit log of a database with its keys. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog {
    pub(super) db: Db,
    pub(super) keys: Arc<AuditKeys>,
    rates: Arc<RecordRates>,
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

    pub(super) fn latest_checkpoint(&self) -> Option<Checkpoint> {
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
    let walked = walk(tx, &log.keys, &Known::default(), from, seq).await?;
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

/// Why no checkpoint was made.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The end of the chain is not the one that Rexec wrote.
    #[error("the end of the audit log was changed outside Rexec; see `rexec audit verify`")]
    NotAuthentic,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a checkpoint of the present end. Later verifications of this process include it.
///
/// # Errors
/// [`CheckpointError`].
pub async fn checkpoint(log: &AuditLog, now: Timestamp) -> Result<Checkpoint, CheckpointError> {
    let earlier = log.latest_checkpoint();
    let head = log.db.read().await?.audit_head().await?;
    if !log.keys.authenticates(&head) || earlier.is_some_and(|earlier| head.seq < earlier.seq) {
        return Err(CheckpointError::NotAuthentic);
    }
    let made = Checkpoint::new(&log.keys, &head, now);
    log.set_latest_checkpoint(made.clone());
    Ok(made)
}

/// Reads the checkpoints of a text, such as a file of checkpoints or a part of the server's log.
///
/// # Errors
/// [`BadCheckpoints`].
pub fn read_checkpoints(log: &AuditLog, text: &str) -> Result<Vec<Checkpoint>, BadCheckpoints> {
    checkpoint::read(&log.keys, text)
}
