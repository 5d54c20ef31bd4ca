//! Running terminals in memory: one [`Session`] per terminal on its guest link, its panes with their newest output and
//! screen model, and the clients that are attached to them.
//!
//! This crate depends on no HTTP, database or engine code. A transport (the WebSocket in the server) attaches a client
//! with a proof of access, sends the frames that [`Pane`] returns, and passes input to the client.
#![forbid(unsafe_code)]

mod client;
mod guest_link;
mod model_threads;
mod modes;
mod pane;
mod screen;
mod session;
mod sessions;

pub use client::{AttachedClient, Client};
pub use guest_link::{GuestLink, GuestUnavailable};
pub use pane::{Cursor, Pane, Redraw, SendState, ShellState};
pub use session::Session;
pub use sessions::{AttachError, Sessions};
