//! The port the server fills while rendering. See [`Backend`]: its methods and the functions pages call are made from
//! one table in `api/reads.rs`, so they cannot drift apart.

pub use crate::api::{After, Answer, AuditQuery, Backend};
