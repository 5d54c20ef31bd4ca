//! Problems of the database.

use protocol::{Problem, ProblemKind};
use store::StoreError;

use super::ToProblem;

impl ToProblem for StoreError {
    fn problem(&self) -> Problem {
        rates::limited!(suppressed => tracing::error!(suppressed, error = self as &dyn std::error::Error, "the database failed"));
        let detail = if self.is_unwritable() {
            "The server cannot write to its database: its disk is full or read-only. Nothing was changed. Tell your \
             administrator; it passes when there is room again."
        } else {
            NO_ANSWER
        };
        Problem::new(ProblemKind::Unavailable, detail)
    }
}

/// Also used where the facts of the gate come from something other than the store.
pub(super) const NO_ANSWER: &str = "The database does not answer. Nothing was changed; try again in a moment.";
