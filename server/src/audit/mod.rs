//! The audit log: who did what, when, from which address, and with which outcome.
//!
//! An event is appended in the transaction of its change, so there is no change without its event. Rejected requests
//! and reads have a transaction of their own, and a rate for each cause; beyond it they are counted. Values of details
//! need `Display`, which secrets do not implement.
//!
//! The events form a chain whose values are made with a key of the data directory.

mod chain;
mod checkpoint;
mod encoding;
mod entry;
mod key_file;
mod keys;
mod log;
mod rates;
mod search;
mod search_slots;
mod verification;

pub use chain::Fault;
pub use checkpoint::{BadCheckpoints, Checkpoint};
pub use entry::{Actor, AsActor, Entry};
pub use key_file::{AuditKeyError, establish, open_keys, read_keys, renew_keys};
pub use keys::AuditKeys;
pub use log::{AuditLog, CheckpointError, append_suppressed, checkpoint, prune, read_checkpoints, record};
pub use protocol::audit::AuditEvent;
pub use search::{Search, SearchError, export_after, search};
pub use search_slots::{SearchSlot, SearchSlots};
pub use verification::{Verification, verify};
