//! The REST routes as pages call them: one function per route. There are no server functions, so a page can do exactly
//! what the published contract allows.

mod query;
mod reads;
mod transport;
mod writes;

pub(crate) use query::outcome_word;
pub use query::{After, AuditQuery, Encoded};
pub use reads::*;
pub use transport::Request;
pub use writes::*;
