//! Texts of the terminal socket: close reasons and notices.

use access::Revocation;
use protocol::{Problem, ProblemKind, frame::InvalidFrame};

use super::revocation_kind;

/// The close reason when the shell exited.
pub const SHELL_ENDED: &str = "The shell ended.";

/// The lease was revoked.
pub fn revoked(reason: Revocation) -> Problem {
    let detail = match reason {
        Revocation::Locked => "This terminal was locked. Enter a code to go on; the shell is still running.",
        Revocation::GrantEnded => "The time after your last code is over. Enter a new one; the shell is still running.",
        Revocation::Deleted => "This terminal is not there any more.",
        Revocation::Stopped => "This terminal was stopped. Start it to go on.",
        Revocation::Unavailable => {
            "The server's database does not answer, so terminals are closed. The shell is still running; this page \
             comes back by itself."
        }
        Revocation::LoginEnded => "Your sign-in has ended. Sign in again; the shell is still running.",
        Revocation::TokenReplaced => {
            "Your sign-in was renewed, which closes what was opened before. Your own pages come back by themselves."
        }
    };
    Problem::new(revocation_kind(reason), detail)
}

/// The lease was revoked between the authorization and the upgrade.
pub fn revoked_while_attaching(reason: Revocation) -> Problem {
    Problem::new(revocation_kind(reason), "Access ended while it was being opened.")
}

/// The server shuts down.
pub fn shutting_down() -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        "The server is going away. Your shell goes on; this page reconnects by itself.",
    )
}

/// The client reads more slowly than the pane writes.
pub fn too_slow() -> Problem {
    Problem::new(
        ProblemKind::TooSlow,
        "This connection takes less than the terminal puts out. It reconnects with a redraw.",
    )
}

/// The container was restarted, so the pane no longer exists.
pub fn pane_gone() -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        "The terminal's container was started anew; this shell is over. Reconnect for a new one.",
    )
}

/// The guest link is down.
pub fn guest_disconnected() -> Problem {
    Problem::new(ProblemKind::Unavailable, "The terminal does not answer at the moment. What you type now is lost.")
}

/// The grant ends soon. The text has no number of seconds, because it stays visible while they pass.
pub fn grant_ends(input_extends_grant: bool) -> Problem {
    let detail = if input_extends_grant {
        "Access ends within a minute unless you type or enter a code."
    } else {
        "Access ends within a minute, whatever you type. Enter a code to keep it."
    };
    Problem::new(ProblemKind::Locked, detail)
}

/// A binary message was not a frame of the protocol.
pub fn invalid_frame(error: &InvalidFrame) -> Problem {
    Problem::new(ProblemKind::BadRequest, format!("The server got {error} on this socket."))
}

/// A text message was received.
pub fn text_message() -> Problem {
    Problem::new(ProblemKind::BadRequest, "Only binary messages are understood on this socket.")
}

/// A message exceeded the size limit or was malformed.
pub fn invalid_message() -> Problem {
    Problem::new(ProblemKind::BadRequest, "A message was over the size limit, or not a message at all.")
}
