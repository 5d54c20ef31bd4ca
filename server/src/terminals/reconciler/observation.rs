//! What the reconciler does about a state of the engine that nobody requested. Pure.

use protocol::terminals::Phase;
use sandbox::ObservedState;

/// What one terminal without a pending request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    None,
    /// It runs: connect to its guest again, and apply its limits again.
    Reconnect,
    /// Its container does not run any more.
    RecordStopped,
    /// Its container was paused.
    RecordPaused,
    /// Its container was paused and runs again.
    RecordResumed,
    /// Container and home no longer exist.
    RecordLost,
    /// It runs, but its record says that it must not.
    Stop,
}

/// Decides. `first`: this process has just started, so no guest is connected yet. In a phase of transition the request
/// is carried out first, so there is nothing to do about the engine.
pub(super) fn action(phase: Phase, found: Option<ObservedState>, first: bool) -> Action {
    use ObservedState::{HomeOnly, Paused, Running, SocketDirOnly, Stopped};
    match (phase, found) {
        (Phase::Pending | Phase::Starting | Phase::Stopping | Phase::Deleting, _) => Action::None,
        (Phase::Running, Some(Running)) if first => Action::Reconnect,
        (Phase::Running, Some(Running)) | (Phase::Paused, Some(Paused)) => Action::None,
        (Phase::Running, Some(Paused)) => Action::RecordPaused,
        (Phase::Paused, Some(Running)) => Action::RecordResumed,
        (Phase::Running | Phase::Paused, Some(Stopped | HomeOnly)) => Action::RecordStopped,
        (Phase::Running | Phase::Paused | Phase::Stopped, None | Some(SocketDirOnly)) => Action::RecordLost,
        (Phase::Stopped | Phase::Failed, Some(Running)) => Action::Stop,
        (Phase::Stopped | Phase::Failed, _) => Action::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_follow_the_observed_state() {
        use ObservedState as O;
        use Phase::{Failed, Paused, Running, Stopped};
        for (phase, found, first, expected) in [
            (Running, Some(O::Running), true, Action::Reconnect),
            (Running, Some(O::Running), false, Action::None),
            (Running, Some(O::Stopped), false, Action::RecordStopped),
            (Running, Some(O::HomeOnly), true, Action::RecordStopped),
            (Running, None, true, Action::RecordLost),
            (Running, Some(O::SocketDirOnly), false, Action::RecordLost),
            (Running, Some(O::Paused), false, Action::RecordPaused),
            (Paused, Some(O::Paused), false, Action::None),
            (Paused, Some(O::Running), false, Action::RecordResumed),
            (Paused, Some(O::Stopped), false, Action::RecordStopped),
            (Paused, None, false, Action::RecordLost),
            (Stopped, Some(O::Paused), false, Action::None),
            (Stopped, Some(O::Running), true, Action::Stop),
            (Stopped, Some(O::Stopped), true, Action::None),
            (Stopped, Some(O::HomeOnly), true, Action::None),
            (Stopped, None, true, Action::RecordLost),
            (Stopped, Some(O::SocketDirOnly), false, Action::RecordLost),
            (Failed, Some(O::Running), false, Action::Stop),
            (Failed, None, false, Action::None),
        ] {
            assert_eq!(action(phase, found, first), expected, "{phase:?} {found:?} {first}");
        }
    }

    #[test]
    fn nothing_is_done_about_the_engine_during_a_transition() {
        for phase in [Phase::Pending, Phase::Starting, Phase::Stopping, Phase::Deleting] {
            for found in [None, Some(ObservedState::Running), Some(ObservedState::SocketDirOnly)] {
                assert_eq!(action(phase, found, true), Action::None);
            }
        }
    }
}
