//! What people do with their own accounts: first set-up, joining, signing in and out, password, factor, sessions.
//! Each use-case is written once; REST is a door to it. Refuses to know HTTP, and terminals beyond "some are locked".

mod error;
mod factor;
mod invite;
mod login;
mod me;
mod password;
mod sessions;
mod setup;

use std::time::Duration;

use access::{Revocation, Scope};
use futures_util::future::join_all;
use protocol::SessionId;

use crate::services::Services;
pub use error::{AccountError, PasswordField};
pub use factor::{confirm_factor, disable_factor, enrol_factor, regenerate_codes};
pub use invite::{accept, invite_status};
pub use login::{LoggedIn, give_code, log_in, log_out};
pub use me::{dismiss_notices, me};
pub use password::change_password;
pub use sessions::{list_sessions, revoke_others, revoke_session};
pub use setup::{is_needed, set_up, setup_link};

/// Sockets of an ended login get this long to let go before the answer is given.
const CUT_DEADLINE: Duration = Duration::from_millis(500);

/// Ends everything that lives on these login sessions. Call after the commit and before the answer.
pub async fn revoke_sessions(services: &Services, ended: impl IntoIterator<Item = SessionId>) {
    let cuts = ended
        .into_iter()
        .map(|id| services.revocations.revoke(Scope::Session(id), Revocation::LoginEnded, CUT_DEADLINE));
    for lingering in join_all(cuts).await {
        if lingering != access::Release::Complete {
            tracing::warn!(?lingering, "sockets of an ended login are slow to close; they move no bytes");
        }
    }
}
