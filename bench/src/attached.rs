//! An attached client of a terminal, over the WebSocket of the public API.

use anyhow::{Context as _, Result, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use protocol::frame::{ClientFrame, ServerFrame};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::timeout::with_timeout;

/// An attached client of a terminal.
pub struct Attached {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Attached {
    /// A client on a socket whose handshake is complete.
    pub fn new(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { socket }
    }

    /// Sends input.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn input(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.socket.send(Message::Binary(ClientFrame::Input(bytes).encode().into())).await?)
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn send(&mut self, frame: ClientFrame<'_>) -> Result<()> {
        Ok(self.socket.send(Message::Binary(frame.encode().into())).await?)
    }

    /// The TCP connection, for bytes that are not a WebSocket message of this client.
    pub fn tcp(&mut self) -> Option<&mut TcpStream> {
        match self.socket.get_mut() {
            MaybeTlsStream::Plain(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// The bytes of the next Output or Snapshot frame, which it acknowledges.
    ///
    /// # Errors
    /// The socket is closed, or no output arrives in time.
    pub async fn output(&mut self) -> Result<Vec<u8>> {
        let output = async {
            loop {
                let message = self.socket.next().await.context("the socket was closed")?;
                if let Some(bytes) = self.acknowledge(&message?).await? {
                    return Ok(bytes);
                }
            }
        };
        with_timeout("output", output).await
    }

    /// Reads and acknowledges output until the server closes the socket, and returns the close code.
    ///
    /// # Errors
    /// The connection is lost without a close frame.
    pub async fn wait_closed(mut self) -> Result<Option<u16>> {
        let closed = async {
            loop {
                let message = self.socket.next().await.context("the connection was lost")??;
                if let Message::Close(frame) = message {
                    return Ok(frame.map(|frame| frame.code.into()));
                }
                // The server may already have closed the socket while earlier frames are read.
                let _ = self.acknowledge(&message).await;
            }
        };
        with_timeout("end of the socket", closed).await
    }

    /// Acknowledges an Output or Snapshot frame and returns its bytes. `None` for other messages.
    async fn acknowledge(&mut self, message: &Message) -> Result<Option<Vec<u8>>> {
        let Message::Binary(frame) = message else { return Ok(None) };
        let (position, bytes) = match ServerFrame::decode(frame)? {
            ServerFrame::Output { position, bytes } => (position + bytes.len() as u64, bytes),
            ServerFrame::Snapshot { position, bytes } => (position, bytes),
            _ => return Ok(None),
        };
        self.socket.send(Message::Binary(ClientFrame::Ack(position).encode().into())).await?;
        Ok(Some(bytes))
    }

    /// Reads exactly `count` bytes of output, from one or more frames.
    ///
    /// # Errors
    /// More bytes arrive, or fewer.
    pub async fn read_exact(&mut self, count: usize) -> Result<()> {
        let mut seen = 0;
        while seen < count {
            seen += self.output().await.with_context(|| format!("{seen} of {count} bytes received"))?.len();
        }
        ensure!(seen == count, "received {seen} bytes instead of {count}");
        Ok(())
    }

    /// Reads until the output contains `needle`.
    ///
    /// # Errors
    /// The socket is closed, or no further output arrives in time.
    pub async fn read_until(&mut self, needle: &[u8]) -> Result<()> {
        let mut seen = Vec::new();
        loop {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let waiting = || format!("waiting for {:?} after {:?}", text(needle), text(&seen));
            let more = self.output().await.with_context(waiting)?;
            seen.extend(more);
            if seen.windows(needle.len()).any(|w| w == needle) {
                return Ok(());
            }
        }
    }
}
