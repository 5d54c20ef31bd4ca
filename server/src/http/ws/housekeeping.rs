//! Timers of a socket: pings, half-open connections, the warning before a grant ends, and the time of the last input.

use std::time::Duration;

use access::{Attach, Authorized};
use protocol::{frame::ServerFrame, limits};
use store::Db;
use tokio::time::{interval, sleep};

use super::{
    close::Disconnect,
    shared::{ControlMessage, Shared},
};
use crate::problem::ws::grant_ends;

/// Interval at which the time of the last input is written to the store.
const SAVE_INPUT_INTERVAL: Duration = Duration::from_secs(15);

/// Runs until the client does not respond any more.
pub(super) async fn run(access: &Authorized<Attach>, shared: &Shared, db: &Db) -> Disconnect {
    tokio::select! {
        () = ping(shared) => {}
        () = save_input(access, shared, db) => {}
        () = warn_before_grant_ends(access, shared) => {}
    }
    Disconnect::ClientGone
}

/// Sends pings; ends when nothing was received for too long.
async fn ping(shared: &Shared) {
    let mut every = interval(shared.timeouts.ping);
    every.tick().await;
    loop {
        every.tick().await;
        if shared.state().last_received_at.elapsed() >= shared.timeouts.silent {
            return;
        }
        // A full queue means that the writer is blocked; its own timeout ends the socket.
        let _ = shared.control.try_send(ControlMessage::Ping);
    }
}

async fn save_input(access: &Authorized<Attach>, shared: &Shared, db: &Db) {
    loop {
        sleep(SAVE_INPUT_INTERVAL).await;
        if std::mem::take(&mut shared.state().unsaved_input)
            && let Err(error) = db.record_input(access.session(), access.id(), access.lease().last_input()).await
        {
            rates::limited!(suppressed => tracing::warn!(suppressed, %error, "the last input was not stored"));
        }
    }
}

/// Sends one notice shortly before each end time of the grant.
async fn warn_before_grant_ends(access: &Authorized<Attach>, shared: &Shared) {
    let mut warned_for = None;
    loop {
        sleep(Duration::from_secs(1)).await;
        let (Some(until), Some(left)) = (access.lease().granted_until(), access.lease().grant_secs_left()) else {
            continue;
        };
        if left <= i64::from(limits::GRANT_WARNING_SECS) && warned_for != Some(until) {
            warned_for = Some(until);
            let notice = ServerFrame::Notice(grant_ends(access.lease().input_extends_grant()));
            let _ = shared.control.try_send(ControlMessage::Frame(notice));
        }
    }
}
