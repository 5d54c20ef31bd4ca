//! Clients that are not fully signed in. A complete login is an [`access::Caller`].

use std::net::IpAddr;

use protocol::{
    SessionId, UserId,
    names::{Sensitive, Username},
};

use crate::audit::Actor;

/// A login whose password was right and whose code is missing. Good for one thing: giving the code.
#[derive(Debug, Clone)]
pub struct PendingLogin {
    /// Account.
    pub user: UserId,
    /// Account name.
    pub username: Username,
    /// The pending session.
    pub session: SessionId,
}

/// A request of somebody who has not said who they are.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Client address, from the socket or a trusted proxy.
    pub address: IpAddr,
    /// Browser and system, shortened.
    pub device: String,
    /// Says whose device this is known as, if it is; see [`known`](super::trusted_device).
    pub known: Option<Sensitive>,
    /// Finds the request in the log.
    pub request_id: String,
}

impl Visitor {
    /// Nobody in particular, for the audit trail.
    pub fn actor(&self) -> Actor {
        Actor { user: None, name: None, address: Some(self.address), request_id: Some(self.request_id.clone()) }
    }
}
