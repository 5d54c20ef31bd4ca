//! What browsers, programs and the server say to each other: ids, data types, problems, client frames and limits.
//!
//! This crate holds data types and bounds only. It depends on no database, engine or user-interface library, so every
//! side compiles it.
#![forbid(unsafe_code)]

pub mod admin;
pub mod audit;
pub mod auth;
pub mod events;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod mfa;
pub mod names;
pub mod password;
pub mod problem;
pub mod security;
pub mod terminals;
pub mod timestamp;

pub use ids::{InviteId, SessionId, TerminalId, TokenId, UserId};
pub use problem::{Problem, ProblemKind};
pub use timestamp::Timestamp;

use serde::{Deserialize, Serialize};

/// One page of a list: the items and the cursor to ask for the next page with (`?after=`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// At most `limit` items, in the list's own order.
    pub items: Vec<T>,
    /// Opaque cursor; `null` on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits on one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
