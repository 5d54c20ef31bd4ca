//! The port to a terminal's guest. The sandbox crate implements it over a Unix socket.

use async_trait::async_trait;
use guest_protocol::{FromGuest, ToGuest};
use tokio::sync::mpsc;

/// The guest is not connected, or its link is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the guest is not connected")]
pub struct GuestUnavailable;

/// The connection to the guest of one terminal. It reconnects when the socket is lost. There is one per
/// running terminal, and panes are multiplexed on it.
#[async_trait]
pub trait GuestLink: Send + Sync + std::fmt::Debug {
    /// Sends one message; waits while the guest does not read.
    ///
    /// # Errors
    /// [`GuestUnavailable`] while the guest is not connected.
    async fn send(&self, message: ToGuest) -> Result<(), GuestUnavailable>;

    /// Waits for a connection and returns its messages. The channel closes when the connection is lost; call it again
    /// for the next connection.
    ///
    /// # Errors
    /// [`GuestUnavailable`] when there will be no further connection.
    async fn connect(&self) -> Result<mpsc::Receiver<FromGuest>, GuestUnavailable>;
}
