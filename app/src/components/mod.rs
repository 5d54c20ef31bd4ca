//! The parts pages are made of. A part knows how it looks and how it is used by keyboard; it refuses to know routes
//! of the REST interface, except where it is about one thing alone (the lock, the launch).

mod audit_table;
mod check;
mod code_field;
mod copy_button;
mod dialog;
mod empty;
mod fetched;
mod field;
mod icon;
mod lock;
mod menu;
mod meter;
mod problem;
mod section;
mod side_nav;
mod state_dot;
mod submit;
mod time;
mod toast_stack;
mod when;

pub(crate) use audit_table::AuditTable;
pub(crate) use check::Check;
pub(crate) use code_field::CodeField;
pub(crate) use copy_button::CopyButton;
pub(crate) use dialog::Dialog;
pub(crate) use empty::Empty;
pub(crate) use fetched::{Fetched, ask, ask_once, shown, shown_either};
pub(crate) use field::{Field, PasswordField};
pub(crate) use icon::{Glyph, Icon, Logo};
pub(crate) use lock::{LockBadge, LockState};
pub(crate) use menu::Menu;
pub(crate) use meter::Meter;
pub(crate) use problem::{Loading, ProblemNote, ProblemPage};
pub(crate) use section::Section;
pub(crate) use side_nav::SideNav;
pub(crate) use state_dot::StateDot;
pub(crate) use submit::Submit;
pub(crate) use time::{Ago, Countdown};
pub(crate) use toast_stack::ToastStack;
pub(crate) use when::{When, dynamic};
