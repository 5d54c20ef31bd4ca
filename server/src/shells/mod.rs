//! Shells as the server sees them: one session per terminal on its guest link, panes with their newest output, and the
//! viewers that look on. Refuses to know engines, records and pages.

mod modes;
mod pane;
mod screen;
mod session;
pub mod viewer;

pub use session::{JoinError, Seat, Shells};
