//! The pages that need no login: first start, sign-in, one-time links.

mod invite;
mod layout;
mod link_token;
mod login;
mod new_account;
mod setup;

pub(crate) use invite::InvitePage;
pub(crate) use login::LoginPage;
pub(crate) use new_account::{NewPassword, field_error, parse_new_password};
pub(crate) use setup::SetupPage;
