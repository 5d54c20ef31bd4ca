//! State that the reconciler shares with the operations of requests.

use std::sync::atomic::AtomicBool;

use tokio::sync::Notify;

/// One per server. In memory; after a restart the first round sets it again.
#[derive(Debug, Default)]
pub struct ReconcilerState {
    /// Notified when an operation of a request failed, so that the reconciler repeats it soon.
    pub operation_failed: Notify,
    /// A round has succeeded for every terminal, so the guests that ran before this process started are connected.
    pub first_round_done: AtomicBool,
}
