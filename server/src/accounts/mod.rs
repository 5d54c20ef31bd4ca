//! Use-cases of accounts: first set-up, invitations, login, logout, password, second factor, login sessions.

mod error;
mod factor;
mod invite;
mod link_attempt;
mod login;
mod me;
mod password;
mod sessions;
mod setup;

use std::time::Duration;

use access::{Revocation, Scope};
use futures_util::future::join_all;
use protocol::SessionId;

use crate::{auth::NewToken, services::Services};
pub use error::{AccountError, PasswordField};
pub use factor::{confirm_factor, disable_factor, enrol_factor, regenerate_codes};
pub use invite::{accept, invite_status};
pub use login::{LoggedIn, log_in, log_out, verify_code};
pub use me::{dismiss_notices, me};
pub use password::change_password;
pub use sessions::{list_sessions, revoke_others, revoke_session};
pub use setup::{is_needed, set_up, setup_link};

/// How long a response waits for the sockets of an ended login session.
const REVOKE_DEADLINE: Duration = Duration::from_millis(500);
/// The leases of a replaced token end this long after the commit. By then the browser has the new cookie, with which
/// its pages reconnect.
const OLDER_TOKENS_END_AFTER: Duration = Duration::from_millis(500);

/// Revokes the leases of ended login sessions. To be called after the commit and before the response.
pub async fn revoke_sessions(services: &Services, ended: impl IntoIterator<Item = SessionId>) {
    let revocations = ended
        .into_iter()
        .map(|id| services.revocations.revoke(Scope::Session(id), Revocation::LoginEnded, REVOKE_DEADLINE));
    for release in join_all(revocations).await {
        if release != access::Release::Complete {
            rates::limited!(suppressed => tracing::warn!(suppressed, ?release, "sockets of an ended login are slow to close; they move no bytes"));
        }
    }
}

/// Revokes the leases of the earlier tokens of a login session, without waiting: a copy of the old cookie keeps no
/// socket and no stream. To be called after the commit of every rotation.
pub fn end_older_tokens(services: &Services, token: &NewToken) {
    let (revocations, older) = (services.revocations.clone(), token.older_tokens());
    // Not one of the tasks that shutdown waits for: shutdown ends every lease itself.
    tokio::spawn(async move {
        tokio::time::sleep(OLDER_TOKENS_END_AFTER).await;
        let release = revocations.revoke(older, Revocation::TokenReplaced, REVOKE_DEADLINE).await;
        if release != access::Release::Complete {
            rates::limited!(suppressed => tracing::warn!(suppressed, ?release, "sockets of a replaced token are slow to close; they move no bytes"));
        }
    });
}
