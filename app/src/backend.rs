//! The ports the server fills while rendering. See [`Backend`]: its methods and the functions pages call are made from
//! one table in `api/reads.rs`, so they cannot drift apart.

pub use crate::api::{After, Answer, AuditQuery, Backend};

/// What the server may put into the context while rendering, to be told that there is no page at this address.
#[derive(Clone)]
pub struct OnNotFound(pub std::sync::Arc<dyn Fn() + Send + Sync>);
