//! Components about one terminal that several pages use: lock, life-cycle actions, dialogs, creation progress, usage.

mod actions;
mod confirm_form;
mod delete;
mod lifecycle;
mod lock_button;
mod lock_dialog;
mod lock_form;
mod lock_prompt;
mod lock_state;
mod progress;
mod rename;
mod required_code;
mod state_dot;
mod stop;
mod units;
mod usage;

pub(crate) use actions::TerminalActions;
pub(crate) use confirm_form::ConfirmForm;
pub(crate) use lifecycle::start;
pub(crate) use lock_button::LockButton;
pub(crate) use lock_prompt::LockPrompt;
pub(crate) use lock_state::{LockBadge, LockState};
pub(crate) use progress::{ProgressLine, ProgressList};
pub(crate) use rename::RenameInPlace;
pub(crate) use required_code::RequiredCode;
pub(crate) use state_dot::StateDot;
pub(crate) use units::{format_bytes, format_cores};
pub(crate) use usage::Usage;
