//! Starting, stopping and restarting a terminal.

use leptos::task::spawn_local;
use protocol::{TerminalId, names::Sensitive, terminals::Phase};

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

impl StopKind {
    /// Label of the button.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Stop => "Stop",
            Self::Restart => "Restart",
        }
    }

    /// Requests it.
    pub(super) fn request(self, id: TerminalId, code: Option<Sensitive>) -> api::RequestFuture<api::Ignored> {
        match self {
            Self::Stop => api::stop_terminal(id, code),
            Self::Restart => api::restart_terminal(id, code),
        }
    }
}

/// Starts a stopped or failed terminal. Needs the reactive context.
pub(crate) fn start(id: TerminalId) {
    run(id, Phase::Starting, api::start_terminal(id), Terminals::get(), Toasts::get());
}

/// Stops or restarts a running terminal that needs no code for it.
pub(super) fn stop(id: TerminalId, kind: StopKind, terminals: Terminals, toasts: Toasts) {
    run(id, Phase::Stopping, kind.request(id, None), terminals, toasts);
}

/// Shows the expected phase until the request completes, then the phase that the server reports.
fn run(
    id: TerminalId,
    expected: Phase,
    request: api::RequestFuture<api::Ignored>,
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
