//! The reading side of a socket: every message is one frame. The lease is checked for each.

use access::{Attach, Authorized};
use axum::extract::ws::{Message, WebSocket};
use futures_util::{StreamExt, stream::SplitStream};
use protocol::frame::{ClientFrame, ServerFrame};
use terminal::Client;
use tokio::time::Instant;
use tungstenite::{Error as SocketError, error::ProtocolError};

use super::{
    budget::FrameBudget,
    close::Disconnect,
    shared::{ControlMessage, Shared},
};
use crate::problem::ws as texts;

/// Reads until the client closes the socket or violates the protocol, or the lease ends.
pub(super) async fn read(
    stream: &mut SplitStream<WebSocket>,
    access: &Authorized<Attach>,
    client: &Client,
    shared: &Shared,
) -> Disconnect {
    let mut budget = FrameBudget::new();
    loop {
        budget.take().await;
        let message = match stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return failed(error),
            None => return Disconnect::ClientGone,
        };
        shared.state().last_received_at = Instant::now();
        if let Err(revocation) = access.lease().check() {
            return Disconnect::Revoked(revocation);
        }
        match message {
            Message::Binary(bytes) => match ClientFrame::decode(&bytes) {
                Ok(frame) => handle(frame, access, client, shared).await,
                Err(error) => return Disconnect::Problem(texts::invalid_frame(&error)),
            },
            Message::Text(_) => return Disconnect::Problem(texts::text_message()),
            Message::Close(_) => return Disconnect::ClientGone,
            // The library answers pings itself.
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

/// Frames for which the client has no right are ignored.
async fn handle(frame: ClientFrame<'_>, access: &Authorized<Attach>, client: &Client, shared: &Shared) {
    match frame {
        // Empty input is not activity and extends no grant.
        ClientFrame::Input([]) => {}
        ClientFrame::Input(bytes) => {
            let Some(right) = access.input_right() else { return };
            access.lease().record_input();
            shared.state().unsaved_input = true;
            client.input(right, bytes).await;
        }
        // Sent by the emulator, not by the user, so it does not extend the grant.
        ClientFrame::Reply([]) => {}
        ClientFrame::Reply(bytes) => {
            if let Some(right) = access.input_right() {
                client.reply(right, bytes).await;
            }
        }
        ClientFrame::Resize(size) => {
            if let Some(right) = access.resize_right() {
                client.resize(right, size).await;
            }
        }
        ClientFrame::Ack(position) => client.acknowledge(position),
        ClientFrame::Ping(nonce) => {
            // Waiting here slows down only the client that floods pings.
            let _ = shared.control.send(ControlMessage::Frame(ServerFrame::Pong(nonce))).await;
        }
    }
}

/// An error of the WebSocket library. A message over the size limit is rejected there, before it is decoded.
fn failed(error: axum::Error) -> Disconnect {
    let error = error.into_inner();
    match error.downcast_ref::<SocketError>() {
        Some(
            SocketError::Capacity(_) | SocketError::Utf8(_) | SocketError::Protocol(ProtocolError::ControlFrameTooBig),
        ) => Disconnect::Problem(texts::invalid_message()),
        _ => {
            tracing::debug!(%error, "the socket of a client failed");
            Disconnect::ClientGone
        }
    }
}

#[cfg(test)]
mod tests {
    use tungstenite::error::CapacityError;

    use super::*;

    #[test]
    fn errors_of_the_size_limit_and_the_encoding_are_reported_to_the_client() {
        let too_long = CapacityError::MessageTooLong { size: 2, max_size: 1 };
        for error in [SocketError::Capacity(too_long), SocketError::Utf8("invalid".into())] {
            assert_eq!(failed(axum::Error::new(error)), Disconnect::Problem(texts::invalid_message()));
        }
        assert_eq!(failed(axum::Error::new(SocketError::ConnectionClosed)), Disconnect::ClientGone);
    }
}
