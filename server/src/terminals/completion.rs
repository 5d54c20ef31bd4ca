//! Whether an operation on a terminal has ended.

use protocol::terminals::Terminal;

/// Whether an operation had ended when the wait of its caller did.
#[derive(Debug)]
pub enum Completion {
    /// The operation has ended: the terminal is in the requested phase.
    Done(Terminal),
    /// The operation continues; `GET /api/events` reports its end.
    InProgress(Terminal),
}
