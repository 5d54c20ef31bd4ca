//! A caller whose login is complete. A login that waits for its code is another type and cannot be passed here.

use std::net::IpAddr;

use protocol::{SessionId, UserId, auth::Role, names::Username};

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
    /// Client address, from the socket or a trusted proxy.
    pub address: IpAddr,
    /// Finds the request in the log.
    pub request_id: String,
}
