//! Use-cases of terminals. They write what is desired; the reconciler calls the engine.

mod audit_entry;
mod change;
mod clients;
mod completion;
mod create;
mod delete;
mod error;
mod events;
mod images;
mod inspect;
mod launch_spec;
mod list;
pub mod lock;
mod names;
mod permit;
mod power;
mod reason;
pub mod reconciler;

pub use change::change;
pub use completion::Completion;
pub use create::create;
pub use delete::{delete, delete_any};
pub use error::{Choice, TerminalError};
pub use events::events;
pub use images::{images, tiers};
pub use inspect::{security, stats};
pub use list::{get, list};
pub use power::{restart, start, stop, stop_any};
