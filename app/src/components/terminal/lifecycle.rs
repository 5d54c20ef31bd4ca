//! Starting, stopping and restarting a terminal.

use std::future::Future;

use leptos::task::spawn_local;
use protocol::{Problem, TerminalId, terminals::Phase};

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
    run(id, Phase::Starting, api::start_terminal(id), Terminals::get(), Toasts::get());
}

/// Stops or restarts a running terminal.
pub(super) fn stop(id: TerminalId, kind: StopKind, terminals: Terminals, toasts: Toasts) {
    match kind {
        StopKind::Restart => run(id, Phase::Stopping, api::restart_terminal(id), terminals, toasts),
        StopKind::Stop => run(id, Phase::Stopping, api::stop_terminal(id), terminals, toasts),
    }
}

/// Shows the expected phase until the request completes, then the phase that the server reports.
fn run(
    id: TerminalId,
    expected: Phase,
    request: impl Future<Output = Result<api::Ignored, Problem>> + 'static,
    terminals: Terminals,
    toasts: Toasts,
) {
    terminals.change(id, |terminal| terminal.phase = expected);
    spawn_local(async move {
        if let Err(problem) = request.await {
            toasts.problem(&problem);
        }
        terminals.reload_one(id);
    });
}
