//! The browser's side of a terminal socket: checks positions and acknowledges output.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::frame::{ClientFrame, Hello, ServerFrame, Size};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite};
use tungstenite::{Message, client::IntoClientRequest};

/// Far more than anything takes, so that a test that hangs ends.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub struct SocketClient {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub hello: Hello,
    /// Position of the first byte of `bytes`.
    pub start: u64,
    /// Output since `start`, without a gap.
    pub bytes: Vec<u8>,
    /// The latest redraw.
    pub redraw: Option<Vec<u8>>,
    pub redraws: usize,
    pub exit: Option<i32>,
    pub notices: Vec<protocol::Problem>,
    /// Whether it acknowledges what it reads.
    pub acks: bool,
}

impl SocketClient {
    pub async fn connect(request: impl IntoClientRequest + Unpin) -> Result<Self, u16> {
        // Without Nagle's delay, as in browsers.
        let (socket, _) = match tokio_tungstenite::connect_async_with_config(request, None, true).await {
            Ok(connected) => connected,
            Err(tungstenite::Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        Ok(Self::after_hello(socket).await)
    }

    /// Over an existing connection.
    pub async fn over(stream: TcpStream, request: impl IntoClientRequest + Unpin) -> Self {
        let (socket, _) = tokio_tungstenite::client_async(request, MaybeTlsStream::Plain(stream)).await.unwrap();
        Self::after_hello(socket).await
    }

    async fn after_hello(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        let hello = Hello { position: 0, cols: 0, rows: 0, writer: false, granted_until: None, pane: String::new() };
        let mut client = Self {
            socket,
            hello,
            start: 0,
            bytes: Vec::new(),
            redraw: None,
            redraws: 0,
            exit: None,
            notices: Vec::new(),
            acks: true,
        };
        match client.frame().await.expect("a first frame") {
            ServerFrame::Hello(hello) => (client.start, client.hello) = (hello.position, hello),
            other => panic!("Hello is always first, not {other:?}"),
        }
        client
    }

    /// The next frame; `Err` with the close code when there is none (0: the connection was dropped).
    pub async fn frame(&mut self) -> Result<ServerFrame, u16> {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await.expect("a message in time");
            match message {
                Some(Ok(Message::Binary(bytes))) => return Ok(ServerFrame::decode(&bytes).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Err(0),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Handles one frame.
    pub async fn step(&mut self) -> Result<(), u16> {
        match self.frame().await? {
            ServerFrame::Output { position, bytes } => {
                assert_eq!(position, self.position(), "positions have no gap");
                self.bytes.extend_from_slice(&bytes);
            }
            ServerFrame::Snapshot { position, bytes } => {
                (self.start, self.redraw) = (position, Some(bytes));
                self.redraws += 1;
                self.bytes.clear();
            }
            ServerFrame::Exit(status) => self.exit = Some(status),
            ServerFrame::Notice(problem) => self.notices.push(problem),
            ServerFrame::Hello(_) => panic!("a second Hello"),
            ServerFrame::Pong(_) => {}
        }
        if self.acks {
            self.send(&ClientFrame::Ack(self.position())).await;
        }
        Ok(())
    }

    /// The connection below the socket.
    pub fn into_tcp(self) -> TcpStream {
        match self.socket.into_inner() {
            MaybeTlsStream::Plain(tcp) => tcp,
            _ => panic!("not plain"),
        }
    }

    /// Position after the last byte it has.
    pub fn position(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    pub async fn send(&mut self, frame: &ClientFrame<'_>) {
        self.raw(Message::Binary(frame.encode().into())).await;
    }

    /// Ignores that the server may have closed the socket.
    pub async fn raw(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    pub async fn type_line(&mut self, line: &str) {
        self.send(&ClientFrame::Input(format!("{line}\r").as_bytes())).await;
    }

    pub async fn resize(&mut self, cols: u16, rows: u16) {
        self.send(&ClientFrame::Resize(Size { cols, rows })).await;
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Reads until the output since the last redraw contains `needle`.
    pub async fn until(&mut self, needle: &str) {
        if timeout(DEADLINE, self.find(needle)).await.is_err() {
            panic!("waited for {needle:?}; have {:?}", self.tail());
        }
    }

    async fn find(&mut self, needle: &str) {
        let mut searched = 0;
        loop {
            let from = searched.min(self.bytes.len());
            if self.bytes[from..].windows(needle.len()).any(|w| w == needle.as_bytes()) {
                return;
            }
            searched = self.bytes.len().saturating_sub(needle.len());
            if let Err(code) = self.step().await {
                panic!("closed with {code}, waiting for {needle:?}; have {:?}", self.tail());
            }
        }
    }

    /// Reads until it has a redraw and everything up to `position`.
    pub async fn redrawn(&mut self, position: u64) {
        while self.redraw.is_none() {
            self.step().await.expect("a redraw");
        }
        self.reach(position).await;
    }

    /// Reads until it has got this many redraws.
    pub async fn redrawn_again(&mut self, redraws: usize) {
        let redrawn = async {
            while self.redraws < redraws {
                self.step().await.expect("a redraw");
            }
        };
        timeout(DEADLINE, redrawn).await.expect("a redraw");
    }

    /// Reads until it has everything up to `position`.
    pub async fn reach(&mut self, position: u64) {
        while self.position() < position {
            if let Err(code) = self.step().await {
                panic!("closed with {code} at {} of {position}", self.position());
            }
        }
    }

    /// Reads until it got a notice of this kind.
    pub async fn warned(&mut self, of: protocol::ProblemKind) {
        let warning = async {
            while !self.notices.iter().any(|n| n.kind == of) {
                self.step().await.expect("a warning before the end");
            }
        };
        timeout(DEADLINE, warning).await.expect("a warning");
    }

    /// Reads to the end and returns the close code.
    pub async fn closed(&mut self) -> u16 {
        let end = async {
            loop {
                if let Err(code) = self.step().await {
                    return code;
                }
            }
        };
        timeout(DEADLINE, end).await.expect("the end of the socket")
    }

    pub fn tail(&self) -> String {
        String::from_utf8_lossy(&self.bytes[self.bytes.len().saturating_sub(200)..]).into_owned()
    }
}
