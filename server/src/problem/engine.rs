//! Problems of the container engine, whose own message is logged.

use protocol::Problem;
use sandbox::EngineError;

use super::ToProblem;
use crate::engine_sentences::engine_sentence;

impl ToProblem for EngineError {
    fn problem(&self) -> Problem {
        rates::limited!(suppressed => tracing::warn!(suppressed, error = %self, "the engine failed"));
        engine_sentence(self)
    }
}
