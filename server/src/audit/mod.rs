//! The audit log: who did what, when, from which address, and with which outcome.
//!
//! An event is appended in the transaction of its change, so there is no change without its event. Rejected requests
//! and reads have a transaction of their own, and a rate for each cause; beyond it they are counted. Values of details
//! need `Display`, which secrets do not implement.

mod chain;
mod rates;
mod search;
mod search_slots;

use std::{fmt::Display, net::IpAddr, sync::Arc};

use protocol::{TerminalId, Timestamp, UserId, admin::Outcome, names::Username};
use store::{AuditRow, Db, StoreError, Tx};

pub use chain::verify;
pub use protocol::audit::AuditEvent;
pub use search::{Search, SearchError, export_after, search};
pub use search_slots::{SearchSlot, SearchSlots};

/// Maximum size of the details, in bytes.
const DETAIL_BYTES_MAX: usize = 1000;

/// Who did something, and from which address.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// Account; `None` for unknown callers and for the system itself.
    pub user: Option<UserId>,
    /// Its name.
    pub name: Option<Username>,
    /// Client address.
    pub address: Option<IpAddr>,
    /// Request id.
    pub request_id: Option<String>,
}

impl Actor {
    /// The server itself: background tasks, start-up, the command line.
    pub fn system() -> Self {
        Self::default()
    }

    /// The same client, now authenticated as this account.
    #[must_use]
    pub fn known_as(&self, user: UserId, name: &Username) -> Self {
        Self { user: Some(user), name: Some(name.clone()), ..self.clone() }
    }
}

/// Callers as actors of audit events.
pub trait AsActor {
    /// The account, its address and the request.
    fn actor(&self) -> Actor;
}

impl AsActor for access::Caller {
    fn actor(&self) -> Actor {
        Actor {
            user: Some(self.user),
            name: Some(self.username.clone()),
            address: Some(self.address),
            request_id: Some(self.request_id.clone()),
        }
    }
}

/// An event that has not been appended yet.
#[derive(Debug, Clone)]
#[must_use]
pub struct Entry {
    event: AuditEvent,
    outcome: Outcome,
    subject: Option<UserId>,
    target: Option<String>,
    target_name: Option<String>,
    detail: String,
}

impl Entry {
    /// A successful event.
    pub fn new(event: AuditEvent) -> Self {
        Self { event, outcome: Outcome::Success, subject: None, target: None, target_name: None, detail: String::new() }
    }

    /// The event was rejected or failed.
    pub fn failed(mut self) -> Self {
        self.outcome = Outcome::Failure;
        self
    }

    /// The target is this account, whose user may read the event.
    pub fn about_user(mut self, id: UserId, name: &Username) -> Self {
        self.subject = Some(id);
        self.target = Some(id.to_string());
        self.target_name = Some(name.to_string());
        self
    }

    /// The target is this terminal, whose owner may read the event.
    pub fn about_terminal(mut self, id: TerminalId, name: &impl Display, owner: UserId) -> Self {
        self.subject = Some(owner);
        self.target = Some(id.to_string());
        self.target_name = Some(name.to_string());
        self
    }

    /// The target is something else with a name: an image, a tier, a link.
    pub fn about(mut self, id: &impl Display, name: &impl Display) -> Self {
        self.target = Some(id.to_string());
        self.target_name = Some(name.to_string());
        self
    }

    /// Adds a detail. Never a secret, never the text of a field for secrets.
    pub fn detail(mut self, name: &'static str, value: impl Display) -> Self {
        let separator = if self.detail.is_empty() { "" } else { " " };
        let value = value.to_string();
        let quoted = value.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"');
        let value = if quoted { format!("{value:?}") } else { value };
        let more = format!("{separator}{name}={value}");
        if self.detail.len() + more.len() <= DETAIL_BYTES_MAX {
            self.detail.push_str(&more);
        }
        self
    }
}

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

/// The audit log as a place for events without a change. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog {
    db: Db,
    rates: Arc<rates::RecordRates>,
}

impl AuditLog {
    /// The audit log of a database. One per server, because it counts.
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
        log.rates.put_back(now, summaries);
    }
    result
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_bounded_key_value_pairs() {
        let entry = Entry::new(AuditEvent::Login).detail("a", 1).detail("b", "two words").detail("c", "x".repeat(2000));
        assert_eq!(entry.detail, "a=1 b=\"two words\"");
    }
}
