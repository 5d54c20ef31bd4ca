//! What the use-cases and the reconciler share: the parameters of a launch, its result, audit entries, retried writes.

use protocol::terminals::Terminal;
use sandbox::{LaunchSpec, Limits, profile::STANDARD};
use store::{StoreError, TerminalRow, TierRow, Tx};

use super::{Choice, TerminalError};
use crate::audit::{AuditEvent, Entry};

/// Attempts to write what has happened on the engine. After the last one the reconciler repeats the operation.
const WRITES_MAX: u32 = 5;
const WRITE_DELAY: std::time::Duration = std::time::Duration::from_millis(500);

/// Whether an operation had ended when the wait of its caller did.
#[derive(Debug)]
pub enum Completion {
    /// The operation has ended: the terminal is in the requested phase.
    Done(Terminal),
    /// The operation continues; `GET /api/events` reports its end.
    InProgress(Terminal),
}

/// Limits of a tier, as engines take them.
pub(super) fn limits(tier: &TierRow) -> Limits {
    Limits { memory_bytes: tier.memory_bytes, cpu_millis: tier.cpu_millis }
}

/// What the sandbox of a record is made from.
pub(super) async fn spec(tx: &mut Tx, row: &TerminalRow) -> Result<LaunchSpec, TerminalError> {
    let gone = |field| TerminalError::Choice(Choice::NotOffered(field));
    let image = tx.image(&row.image).await?.ok_or_else(|| gone("image"))?;
    let tier = tx.tier(&row.tier).await?.ok_or_else(|| gone("tier"))?;
    Ok(LaunchSpec {
        id: row.sandbox.id,
        image_reference: image.reference,
        hostname: row.hostname.clone(),
        limits: limits(&tier),
        profile: STANDARD,
    })
}

/// An audit entry about a terminal.
pub(super) fn about(event: AuditEvent, row: &TerminalRow) -> Entry {
    Entry::new(event).about_terminal(row.id, &row.name, row.owner_id)
}

/// Writes what has already happened on the engine, and repeats it when the database fails.
pub(super) async fn retry_write<F, T>(write: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut attempts = 1;
    loop {
        match write().await {
            Err(error) if attempts == WRITES_MAX => {
                rates::limited!(suppressed => tracing::error!(suppressed, %error, "the end of an operation could not be recorded; the reconciler repeats it"));
                return Err(error);
            }
            Err(_) => tokio::time::sleep(WRITE_DELAY * attempts).await,
            written => return written,
        }
        attempts += 1;
    }
}
