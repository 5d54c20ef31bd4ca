//! Audit entries about terminals.

use store::TerminalRow;

use crate::audit::{AuditEvent, Entry};

/// An audit entry with the terminal of a record as its target.
pub(super) fn audit_entry(event: AuditEvent, row: &TerminalRow) -> Entry {
    Entry::new(event).about_terminal(row.id, &row.name, row.owner_id)
}
