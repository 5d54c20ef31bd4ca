//! What the screen model of a pane has to do.

use std::sync::Arc;

use protocol::frame::Size;
use tokio::sync::oneshot;

/// Bytes that redraw a screen, and the position at which the output continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redraw {
    /// The bytes, shared by all clients that asked for them.
    pub bytes: Arc<[u8]>,
    /// Position of the first byte after them.
    pub position: u64,
}

/// What the model has to do, and how far it is.
#[derive(Debug, Default)]
pub(super) struct ModelRequests {
    /// The pane is in the queue of the model threads, or one of them works on it.
    pub(super) queued: bool,
    /// Start again with a blank screen at this position.
    pub(super) reset_at: Option<u64>,
    /// Changes of size with the position of the first output that is written for it, in order.
    pub(super) resizes: Vec<(u64, Size)>,
    /// Position that a redraw has to include, and who waits for it.
    pub(super) redraws: Vec<(u64, oneshot::Sender<Redraw>)>,
    /// Position up to which the model was fed.
    pub(super) position: u64,
}
