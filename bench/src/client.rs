//! A client of the public API, and a server to point it at: the real binary, in an empty folder, on a free port.

use std::{
    path::Path,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use protocol::frame::{ClientFrame, SUBPROTOCOL, ServerFrame};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

/// Of the person who measures.
pub const PASSWORD: &str = "correct horse battery";

/// How long anything may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives up on what takes too long, and says what that was.
pub async fn in_time<T>(what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, work).await.with_context(|| format!("{what}: not within {PATIENCE:?}"))?
}

/// A running server of our own.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// The one-time token of the printed link.
    pub token: String,
    /// From the start of the process to its ready line.
    pub ready_after: Duration,
    _dir: tempfile::TempDir,
}

impl Server {
    /// Starts `binary serve` in an empty folder.
    pub async fn start(binary: &Path) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let began = Instant::now();
        let missing = || format!("cannot start {}; build it with ./run --build", binary.display());
        // It is started in another folder.
        let mut child = Command::new(binary.canonicalize().with_context(missing)?)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("d"))
            .current_dir(dir.path())
            .env("REXEC_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(missing)?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(url) = line.strip_prefix("Rexec is ready: ") {
                    return Ok(url.to_owned());
                }
            }
            bail!("the server ended before it was ready")
        };
        let url = in_time("start of the server", ready).await?;
        let (base, token) = url.split_once("/setup?token=").context("no set-up link in the ready line")?;
        Ok(Self { base: base.to_owned(), token: token.to_owned(), child, ready_after: began.elapsed(), _dir: dir })
    }

    /// Asks it to stop, and waits.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(pid) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        in_time("stop of the server", async { Ok(self.child.wait().await?) }).await?;
        Ok(())
    }
}

/// A signed-in person.
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// It changes whenever the login becomes another one, as with a new factor.
    cookie: Mutex<String>,
}

/// The cookie an answer sets, if it does.
fn cookie_of(answer: &reqwest::Response) -> Option<String> {
    let set = answer.headers().get("set-cookie")?.to_str().ok()?;
    Some(set.split(';').next().unwrap_or_default().to_owned())
}

impl Client {
    /// Uses the set-up link of a fresh server.
    pub async fn set_up(server: &Server) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let body = json!({"token": server.token, "username": "bench", "password": PASSWORD});
        let answer = http.post(format!("{}/api/setup", server.base)).header("origin", &server.base).json(&body);
        let answer = answer.send().await?.error_for_status()?;
        let cookie = Mutex::new(cookie_of(&answer).context("no cookie")?);
        Ok(Self { http, base: server.base.clone(), cookie })
    }

    fn cookie(&self) -> String {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks a route and reads its answer; a refusal is an error.
    pub async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("cookie", self.cookie()).header("origin", &self.base);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        if let Some(cookie) = cookie_of(&answer) {
            *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = cookie;
        }
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Makes a terminal and waits until it runs; gives its id.
    pub async fn create(&self, image: &str) -> Result<String> {
        let mut terminal = self.call(reqwest::Method::POST, "/api/terminals", Some(json!({ "image": image }))).await?;
        let id = terminal["id"].as_str().context("no id")?.to_owned();
        let running = async {
            while terminal["state"] == "creating" {
                tokio::time::sleep(Duration::from_millis(2)).await;
                terminal = self.call(reqwest::Method::GET, &format!("/api/terminals/{id}"), None).await?;
            }
            Ok(())
        };
        in_time("launch", running).await?;
        ensure!(terminal["state"] == "running", "not running: {terminal}");
        Ok(id)
    }

    /// Removes a terminal and waits until it is gone.
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.call(reqwest::Method::DELETE, &format!("/api/terminals/{id}"), None).await?;
        let gone = async {
            while self.call(reqwest::Method::GET, &format!("/api/terminals/{id}"), None).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        };
        in_time("deletion", gone).await
    }

    /// Attaches to the main pane.
    pub async fn attach(&self, id: &str) -> Result<Attached> {
        let url = format!("{}/api/terminals/{id}/attach?cols=80&rows=24", self.base.replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("cookie", self.cookie().parse()?);
        headers.insert("origin", self.base.parse()?);
        headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
        let connect = async { Ok(tokio_tungstenite::connect_async(request).await?) };
        let (mut socket, _) = in_time("attach", connect).await?;
        if let MaybeTlsStream::Plain(tcp) = socket.get_mut() {
            tcp.set_nodelay(true)?;
        }
        Ok(Attached { socket })
    }
}

/// An open terminal socket.
pub struct Attached {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Attached {
    /// Types bytes.
    pub async fn input(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.socket.send(Message::Binary(ClientFrame::Input(bytes).encode().into())).await?)
    }

    /// Next bytes of the screen, from Output and Snapshot frames; acknowledges them.
    pub async fn output(&mut self) -> Result<Vec<u8>> {
        let output = async {
            loop {
                let message = self.socket.next().await.context("the socket was closed")?;
                if let Some(bytes) = self.acknowledge(&message?).await? {
                    return Ok(bytes);
                }
            }
        };
        in_time("output", output).await
    }

    /// Reads until the other end closes, as a view that shows everything does; gives its close code.
    pub async fn closed(mut self) -> Result<Option<u16>> {
        let closed = async {
            loop {
                let message = self.socket.next().await.context("closed without a reason")??;
                if let Message::Close(frame) = message {
                    return Ok(frame.map(|frame| frame.code.into()));
                }
                // The other end may be gone while its last bytes are still read here.
                let _ = self.acknowledge(&message).await;
            }
        };
        in_time("end of the socket", closed).await
    }

    /// What a message adds to the screen, acknowledged; `None` of any other message.
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

    /// Reads exactly so many bytes, in one message or several.
    pub async fn bytes(&mut self, count: usize) -> Result<()> {
        let mut seen = 0;
        while seen < count {
            seen += self.output().await.with_context(|| format!("{seen} of {count} bytes came"))?.len();
        }
        ensure!(seen == count, "{seen} bytes came instead of {count}");
        Ok(())
    }

    /// Reads until the bytes seen so far contain `needle`.
    pub async fn wait_for(&mut self, needle: &[u8]) -> Result<()> {
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
