//! The parts pages are made of. A part knows how it looks and how it is used by keyboard; it refuses to know routes
//! of the REST interface, except where it is about one thing alone (the lock, the launch).

mod audit_filter;
mod audit_table;
mod check;
mod code_field;
mod code_form;
mod copy_button;
mod dialog;
mod empty;
mod fetched;
mod field;
mod form;
mod icon;
mod listing;
mod lock;
mod menu;
mod meter;
mod number;
mod problem;
mod question;
mod roving;
mod section;
mod side_nav;
mod state_dot;
mod submit;
mod time;
mod toast_stack;
mod when;

/// An id that no other element has. The server's are kept when the program takes over, so the program's own are made of
/// another letter.
fn unique(name: &str) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let side = if cfg!(feature = "ssr") { 's' } else { 'b' };
    format!("{name}-{side}{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) use audit_filter::AuditTrail;
use audit_table::AuditTable;
pub(crate) use check::Check;
pub(crate) use code_field::{CodeField, is_whole};
pub(crate) use code_form::CodeForm;
pub(crate) use copy_button::CopyButton;
pub(crate) use dialog::Dialog;
pub(crate) use empty::Empty;
pub(crate) use fetched::{Again, Fetched, ask_once, shown, shown_either};
pub(crate) use field::{Field, PasswordField};
pub(crate) use form::Form;
pub(crate) use icon::{Glyph, Icon, Logo};
pub(crate) use listing::{Listing, rows};
pub(crate) use lock::{LockBadge, LockState};
pub(crate) use menu::Menu;
pub(crate) use meter::Meter;
pub(crate) use number::{Number, wide};
pub(crate) use problem::{Loading, ProblemNote, ProblemPage};
pub(crate) use question::Question;
pub(crate) use roving::rove;
pub(crate) use section::Section;
pub(crate) use side_nav::SideNav;
pub(crate) use state_dot::StateDot;
pub(crate) use submit::Submit;
pub(crate) use time::{Ago, Countdown, Exact};
pub(crate) use toast_stack::ToastStack;
pub(crate) use when::{When, dynamic};
