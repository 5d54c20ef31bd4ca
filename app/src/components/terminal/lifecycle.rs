//! Starting, stopping and restarting a terminal.

use std::future::Future;

use leptos::task::spawn_local;
use protocol::{Problem, TerminalId, terminals::TerminalState};

use crate::{
    api,
    state::{Terminals, Toasts},
};

/// Whether a terminal stays stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopKind {
    /// Stop it.
    Stop,
    /// Stop it and start it again.
    Restart,
}

/// Starts a stopped or failed terminal. Needs the reactive context.
pub(crate) fn start(id: TerminalId) {
    run(id, TerminalState::Creating, api::start_terminal(id), Terminals::get(), Toasts::get());
}

/// Stops or restarts a running terminal.
pub(super) fn stop(id: TerminalId, kind: StopKind, terminals: Terminals, toasts: Toasts) {
    match kind {
        StopKind::Restart => run(id, TerminalState::Creating, api::restart_terminal(id), terminals, toasts),
        StopKind::Stop => run(id, TerminalState::Stopped, api::stop_terminal(id), terminals, toasts),
    }
}

/// Shows the expected state until the request completes, then the state that the server reports.
fn run(
    id: TerminalId,
    expected: TerminalState,
    request: impl Future<Output = Result<api::Ignored, Problem>> + 'static,
    terminals: Terminals,
    toasts: Toasts,
) {
    terminals.change(id, |terminal| terminal.state = expected);
    spawn_local(async move {
        if let Err(problem) = request.await {
            toasts.problem(&problem);
        }
        terminals.reload_one(id);
    });
}
