//! Clients that are not fully signed in. A complete login is an [`access::Caller`].

use std::net::IpAddr;

use protocol::{
    SessionId, UserId,
    names::{Sensitive, Username},
};

use crate::audit::Actor;

/// A login with a correct password and without a code yet. It allows only the second step.
#[derive(Debug, Clone)]
pub struct PendingLogin {
    /// Account.
    pub user: UserId,
    /// Account name.
    pub username: Username,
    /// The pending session.
    pub session: SessionId,
}

/// The client of a request, before authentication.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Client address, from the socket or a trusted proxy.
    pub address: IpAddr,
    /// Browser and system.
    pub user_agent: String,
    /// Value of the trusted device cookie; see [`trusted_device`](super::trusted_device).
    pub trusted_device: Option<Sensitive>,
    /// Id of the request in the log.
    pub request_id: String,
}

impl Visitor {
    /// An unknown actor for the audit log.
    pub fn actor(&self) -> Actor {
        Actor { user: None, name: None, address: Some(self.address), request_id: Some(self.request_id.clone()) }
    }
}
