//! A caller whose login is complete. A login that waits for its code is another type and cannot be passed here.

use std::net::IpAddr;

use protocol::{
    SessionId, UserId,
    auth::Role,
    names::{Sensitive, Username},
};

use crate::audit::Actor;

/// Who is asking, proven by a full login session.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Account.
    pub user: UserId,
    /// Account name, for the audit trail.
    pub username: Username,
    /// Role at the time of the request.
    pub role: Role,
    /// Login session.
    pub session: SessionId,
    /// Proven by a token that has just been rotated away: good for reading what is no terminal's content.
    pub stale: bool,
    /// Client address, from the socket or a trusted proxy.
    pub address: IpAddr,
    /// Finds the request in the log.
    pub request_id: String,
}

impl Caller {
    /// The same person, for the audit trail.
    pub fn actor(&self) -> Actor {
        Actor {
            user: Some(self.user),
            name: Some(self.username.clone()),
            address: Some(self.address),
            request_id: Some(self.request_id.clone()),
        }
    }
}

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
    /// Says whose device this is known as, if it is; see [`known`](super::known).
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
