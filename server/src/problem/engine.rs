//! The container engine failed. Its own message goes to the log.

use protocol::Problem;
use sandbox::EngineError;

use super::ToProblem;
use crate::engine_sentences::engine_sentence;

impl ToProblem for EngineError {
    fn problem(&self) -> Problem {
        tracing::warn!(error = %self, "the engine failed");
        engine_sentence(self)
    }
}
