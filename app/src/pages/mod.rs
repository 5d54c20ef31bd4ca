//! One module per page or group of pages. Pages call `api` and compose components.

mod account;
mod admin;
mod dashboard;
mod entry;
mod layout;
mod shortcuts;
mod terminal;

pub(crate) use account::AccountPage;
pub(crate) use admin::AdminPage;
pub(crate) use dashboard::{DashboardPage, TerminalsRedirect};
pub(crate) use entry::{InvitePage, LoginPage, SetupPage};
pub(crate) use layout::{Layout, NotFoundPage};
pub(crate) use terminal::TerminalPage;
