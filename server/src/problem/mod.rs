//! Sentences for users. Errors are enums with data elsewhere and are converted to problem documents here. Sentences
//! about the engine are in `engine_sentences`, a lower layer.
//!
//! One file per source of errors. A sentence says what happened, why, and what to do next. Messages of the database,
//! the engine and the operating system go to the log.

mod access;
mod accounts;
mod admin;
mod engine;
mod mfa;
mod notices;
mod preflight;
mod request;
mod store;
mod terminals;
pub mod ws;

use protocol::{Problem, ProblemKind};

pub use access::{denied_kind, revocation_kind};
pub use notices::notice_text;
pub use preflight::preflight_text;
pub use request::RequestError;
pub use terminals::engine_unreachable;

/// Errors that have a problem document.
pub trait ToProblem {
    /// The problem document. Causes that users must not see are logged here.
    fn problem(&self) -> Problem;
}

/// An error inside the server. The cause is logged; the response has only the request id.
fn internal(error: &(dyn std::error::Error + 'static), what: &str) -> Problem {
    rates::limited!(suppressed => tracing::error!(suppressed, error, "{what}"));
    Problem::new(ProblemKind::Internal, "This is our mistake. Tell your administrator the request id.")
}
