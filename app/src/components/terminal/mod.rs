//! Components about one terminal that several pages use: lock, life-cycle actions, dialogs, creation progress, usage.

mod actions;
mod delete;
mod lifecycle;
mod lock_button;
mod lock_dialog;
mod lock_form;
mod lock_prompt;
mod lock_state;
mod progress;
mod rename;
mod state_dot;
mod units;
mod usage;

pub(crate) use actions::TerminalActions;
pub(crate) use delete::DeleteForm;
pub(crate) use lifecycle::start;
pub(crate) use lock_button::LockButton;
pub(crate) use lock_prompt::LockPrompt;
pub(crate) use lock_state::{LockBadge, LockState};
pub(crate) use progress::{ProgressLine, ProgressList};
pub(crate) use rename::{RenameDialog, RenameInPlace};
pub(crate) use state_dot::StateDot;
pub(crate) use units::{format_bytes, format_cores};
pub(crate) use usage::Usage;
