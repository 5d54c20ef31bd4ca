//! One module per page or group of pages. A page knows its routes' functions in `api` and the parts it is made of.

mod account;
mod admin;
mod dashboard;
mod entry;
mod frame;
mod shortcuts;
mod terminal;

pub(crate) use account::Account;
pub(crate) use admin::Admin;
pub(crate) use dashboard::{Dashboard, Home};
pub(crate) use entry::{Invite, Login, Setup};
pub(crate) use frame::{Frame, NotFound};
pub(crate) use terminal::TerminalPage;
