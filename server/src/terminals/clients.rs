//! The end of the clients that are attached to a terminal.

use std::time::Duration;

use access::{Release, Revocation, Scope};
use protocol::TerminalId;

use crate::services::Services;

/// Maximum wait for the release of the leases.
const REVOCATION_DEADLINE: Duration = Duration::from_millis(500);

/// Revokes every lease of a terminal, waits until its sockets have released them, and ends its session.
pub(super) async fn end(services: &Services, id: TerminalId, reason: Revocation) {
    if let Release::Pending(sockets) =
        services.revocations.revoke(Scope::Terminal(id), reason, REVOCATION_DEADLINE).await
    {
        rates::limited!(suppressed => tracing::warn!(suppressed, terminal = %id, sockets, "some sockets are slow to close; they move no bytes"));
    }
    services.sessions.end(id);
}
