//! The caller of a request whose sign-in is complete. A login that still waits for its code is another type and cannot
//! be passed where a [`Caller`] is required.

use std::net::IpAddr;

use protocol::{SessionId, TokenId, UserId, auth::Role, names::Username};

use crate::Denied;

/// What a request authenticated with. Grants, leases and audit events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A browser's login session.
    Session {
        /// The login session.
        id: SessionId,
        /// Generation of the token that was presented. Each rotation of the session's token raises it.
        generation: i64,
    },
    /// An API token. A token never has a grant.
    Token {
        /// The token.
        id: TokenId,
    },
}

/// An authenticated account, as it was when the request arrived.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Account.
    pub user: UserId,
    /// Account name, for audit events.
    pub username: Username,
    /// Role when the request arrived.
    pub role: Role,
    /// What the request authenticated with.
    pub credential: Credential,
    /// SHA-256 of the id of the trusted device that the request names. The store knows whether it is still trusted.
    pub trusted_device: Option<[u8; 32]>,
    /// Client address, from the socket or a trusted proxy.
    pub address: IpAddr,
    /// Request id, as in the log.
    pub request_id: String,
}

impl Caller {
    /// The login session; `None` for callers with an API token.
    pub fn session(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session { id, .. } => Some(id),
            Credential::Token { .. } => None,
        }
    }

    /// The login session, for use-cases that need one.
    ///
    /// # Errors
    /// [`Denied::NotLoggedIn`] for callers with an API token.
    pub fn login_session(&self) -> Result<SessionId, Denied> {
        self.session().ok_or(Denied::NotLoggedIn)
    }
}
