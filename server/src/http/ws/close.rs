//! Why a socket ends, and the close handshake.

use std::time::Duration;

use access::Revocation;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use protocol::{Problem, ProblemKind, problem::CLOSE_SHELL_ENDED};
use tokio::time::timeout;

use crate::problem::ws::{SHELL_ENDED, revoked};

/// Time for the close handshake.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// Longest close reason: a control frame has 125 bytes, two of which are the code (RFC 6455 5.5).
const REASON_BYTES_MAX: usize = 123;

/// Why a socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// The lease was revoked.
    Revoked(Revocation),
    /// The shell exited and its status was sent.
    ShellEnded,
    /// The client violated the protocol, or cannot be served any more.
    Problem(Problem),
    /// The client closed the socket, or the connection failed.
    ClientGone,
}

impl Disconnect {
    /// Whether the client may still read the output that was sent before, unless the lease is revoked.
    pub(super) fn leaves_output_to_read(&self) -> bool {
        match self {
            Self::ShellEnded => true,
            Self::Problem(problem) => problem.kind == ProblemKind::TooSlow,
            Self::Revoked(_) | Self::ClientGone => false,
        }
    }
}

/// Sends the close frame and waits for the client's. Returns whether it came, which shows that the client received
/// everything.
pub(super) async fn close(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    reason: &Disconnect,
) -> bool {
    let (code, text) = match reason {
        Disconnect::Revoked(revocation) => {
            let problem = revoked(*revocation);
            (problem.kind.close_code(), problem.detail)
        }
        Disconnect::ShellEnded => (CLOSE_SHELL_ENDED, SHELL_ENDED.to_owned()),
        Disconnect::Problem(problem) => (problem.kind.close_code(), problem.detail.clone()),
        Disconnect::ClientGone => return false,
    };
    let frame = Message::Close(Some(CloseFrame { code, reason: truncated(text).into() }));
    let handshake = async {
        if sink.send(frame).await.is_ok() {
            while stream.next().await.is_some_and(|message| message.is_ok()) {}
        }
    };
    timeout(CLOSE_DEADLINE, handshake).await.is_ok()
}

fn truncated(mut text: String) -> String {
    let end = (0..=REASON_BYTES_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}
