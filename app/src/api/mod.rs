//! The REST routes as pages call them: one function per route. There are no server functions, so a page can do exactly
//! what the published contract allows.

mod query;
mod reads;
mod transport;
mod writes;

pub(crate) use query::outcome_word;
pub use query::{After, AuditQuery, PercentEncoded};
pub use reads::*;
pub use transport::RequestFuture;
pub use writes::*;
