//! What the browser, the server and the guest say to each other.
//!
//! This crate knows shapes and bounds. It refuses to know databases, engines, pages and clocks,
//! so that every side can compile it without dragging in the others.
#![forbid(unsafe_code)]

pub mod admin;
pub mod audit;
pub mod auth;
pub mod events;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod link;
pub mod mfa;
pub mod names;
pub mod password;
pub mod problem;
pub mod ring;
pub mod security;
pub mod terminals;
pub mod timestamp;

pub use ids::{InviteId, SessionId, TerminalId, UserId};
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
