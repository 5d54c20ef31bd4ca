//! The protocol between clients (browsers and programs) and the server: ids, data types, problems, frames of the
//! terminal socket, and limits.
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

pub use ids::{InviteId, SandboxId, SessionId, TerminalId, TokenId, UserId};
pub use problem::{Problem, ProblemKind};
pub use timestamp::Timestamp;

use serde::{Deserialize, Serialize};

/// One page of a list: its items and the cursor of the next page (`?after=`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// At most `limit` items, in the order of the list.
    pub items: Vec<T>,
    /// Opaque cursor. `null` on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits on one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
