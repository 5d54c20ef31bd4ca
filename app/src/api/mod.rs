//! The REST routes as pages call them: one async function per route. REST is the only door; there are no server
//! functions, so what a page may do is exactly what the published contract says.

mod query;
mod reads;
mod transport;
mod writes;

pub(crate) use query::word_of;
pub use query::{After, AuditQuery, Encoded};
pub use reads::*;
pub(crate) use reads::{TextAnswer, text};
pub use writes::*;
