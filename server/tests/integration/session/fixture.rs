//! The session fixture: the real guest as a plain process, a real guest link, a real gate over a real database, and a
//! route that authorizes and attaches like the server's. It needs no container.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Arc,
    time::Duration,
};

use access::{Attach, Caller, Clock, Credential, GrantFacts, RevocationRegistry, Rights, TerminalGate};
use axum::{
    Router,
    extract::{Query, State, ws::WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt as _,
};
use protocol::{
    SessionId, TerminalId, Timestamp, UserId,
    auth::Role,
    frame::Size,
    limits,
    names::{Slug, Username},
};
use rexec::http::ws;
use sandbox::guest_socket::GuestSocket;
use secrets::Secret;
use store::Db;
use terminal::Sessions;
use tokio::net::TcpSocket;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use crate::support::database::{full_session, terminal_row};
use crate::support::proofs::proof;
use crate::support::socket::SocketClient;
use rexec::problem::ToProblem as _;

const NARROW_BYTES: u32 = 32 * 1024;
/// Shell input whose output exceeds small socket buffers, so that a client that does not read blocks, but not the kept
/// output, so that no client gets a redraw instead.
pub const FLOOD: &str = "yes | head -c 400000; echo $((40+2))-flooded";
/// The end of that output.
pub const FLOOD_END: &str = "42-flooded";
pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// One terminal, one owner with two logins.
pub struct SessionFixture {
    dir: tempfile::TempDir,
    pub db: Db,
    pub registry: Arc<RevocationRegistry>,
    pub clock: Clock,
    pub terminal: TerminalId,
    pub user: UserId,
    pub logins: [SessionId; 2],
    pub guest: Option<Child>,
    pub server: Option<Server>,
    /// Sockets have small send buffers.
    narrow: bool,
}

/// The part that ends when the server is killed.
pub struct Server {
    pub address: std::net::SocketAddr,
    pub shutdown: CancellationToken,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Clone)]
struct AttachRoute {
    gate: TerminalGate,
    callers: [Caller; 2],
    terminal: TerminalId,
    sessions: Arc<Sessions>,
    link: Arc<GuestSocket>,
    db: Db,
    shutdown: CancellationToken,
}

#[derive(serde::Deserialize)]
struct Params {
    login: usize,
    cols: Option<u16>,
    rows: Option<u16>,
    from: Option<u64>,
    pane: Option<String>,
    /// The client may only look on.
    #[serde(default)]
    view_only: bool,
    /// Which timeout of this client is short: `write` or `ping`.
    short_timeout: Option<String>,
}

async fn attach(State(route): State<AttachRoute>, Query(params): Query<Params>, upgrade: WebSocketUpgrade) -> Response {
    let access = match route.gate.authorize(&route.callers[params.login], route.terminal, Attach).await {
        Ok(access) => access,
        Err(denied) => return StatusCode::from_u16(denied.problem().kind.status()).unwrap().into_response(),
    };
    let access = match params.view_only {
        true => access.with_rights(Rights { input: false, resize: false }),
        false => access,
    };
    let pane = Slug::parse(params.pane.as_deref().unwrap_or("main")).unwrap();
    let size = params.cols.zip(params.rows).map(|(cols, rows)| Size::clamped(cols, rows));
    let client = match route.sessions.attach(&access, route.link.clone(), &pane, size, params.from).await {
        Ok(client) => client,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let usual = ws::Timeouts::default();
    let (short, long) = (Duration::from_millis(200), 4 * crate::support::socket::DEADLINE);
    let timeouts = match params.short_timeout.as_deref() {
        Some("write") => ws::Timeouts { write: short, rest: long, ..usual },
        // Long enough for a client that answers, on a busy machine.
        Some("ping") => ws::Timeouts { ping: short / 10, silent: 10 * short, ..usual },
        _ => usual,
    };
    upgrade
        .max_message_size(limits::CLIENT_FRAME_BYTES_MAX)
        .max_frame_size(limits::CLIENT_FRAME_BYTES_MAX)
        .on_upgrade(move |socket| ws::run((socket, None), access, client, route.db, route.shutdown, timeouts))
}

fn guest_program() -> PathBuf {
    let made = std::env::var_os("REXEC_GUEST_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/guest-bin/rexec-guest"),
        PathBuf::from,
    );
    assert!(
        made.is_file(),
        "no guest at {}: run scripts/build-guest.sh, or name one in REXEC_GUEST_BIN",
        made.display()
    );
    made
}

impl SessionFixture {
    pub async fn start() -> Self {
        Self::with(false).await
    }

    /// With small socket buffers.
    pub async fn with_small_buffers() -> Self {
        Self::with(true).await
    }

    async fn with(narrow: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&dir.path().join("rexec.db")).await.unwrap();
        let user = UserId::new(Uuid::new_v4());
        let terminal = TerminalId::new(Uuid::new_v4());
        let logins = [SessionId::new(Uuid::new_v4()), SessionId::new(Uuid::new_v4())];
        let mut tx = db.begin().await.unwrap();
        let name = Username::parse("ada").unwrap();
        tx.insert_user(user, &name, &Secret::new(String::new()), Role::User, NOW).await.unwrap();
        for (number, id) in (1..).zip(logins) {
            tx.insert_session(&full_session(id, user, number, 40_000, NOW)).await.unwrap();
        }
        tx.insert_terminal(&terminal_row(terminal, user, "work", NOW)).await.unwrap();
        tx.commit().await.unwrap();
        let (registry, clock) = (Arc::new(RevocationRegistry::default()), Clock::manual(NOW));
        let mut fixture = Self { dir, db, registry, clock, terminal, user, logins, guest: None, server: None, narrow };
        fixture.start_server().await;
        fixture.start_guest();
        fixture
    }

    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    pub fn start_guest(&mut self) {
        let link = self.dir.path().join("link/s");
        let guest = Command::new(guest_program())
            .args(["init", "--as-caller", "--shell", "/bin/sh", "--link"])
            .arg(link)
            .arg("--sudo-socket")
            .arg(self.dir.path().join("sudo"))
            .env("HOME", self.dir.path())
            .env_remove("ENV")
            .spawn()
            .unwrap();
        self.guest = Some(guest);
    }

    pub fn kill_guest(&mut self) {
        if let Some(mut guest) = self.guest.take() {
            let shells = children(guest.id());
            let _ = guest.kill();
            let _ = guest.wait();
            // In a container the shells end with PID 1; here each is killed.
            for shell in shells.split_whitespace() {
                if let Some(pid) = shell.parse().ok().and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
            }
        }
    }

    /// As after a start of the process: empty memory, the same directory.
    pub async fn start_server(&mut self) {
        self.server = None;
        let shutdown = CancellationToken::new();
        let link = Arc::new(GuestSocket::bind(&self.dir.path().join("link"), false, shutdown.clone()).unwrap());
        let caller = |session| Caller {
            user: self.user,
            username: Username::parse("ada").unwrap(),
            role: Role::User,
            credential: Credential::Session { id: session, generation: 0 },
            trusted_device: None,
            address: [127, 0, 0, 1].into(),
            request_id: "test".into(),
        };
        let route = AttachRoute {
            gate: TerminalGate::new(Arc::new(self.db.clone()), self.registry.clone(), self.clock.clone()),
            callers: self.logins.map(caller),
            terminal: self.terminal,
            sessions: Arc::new(Sessions::new(shutdown.clone())),
            link: link.clone(),
            db: self.db.clone(),
            shutdown: shutdown.clone(),
        };
        let app = Router::new().route("/attach", get(attach)).with_state(route);
        let socket = TcpSocket::new_v4().unwrap();
        if self.narrow {
            socket.set_send_buffer_size(NARROW_BYTES).unwrap();
        }
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        // As in the server: small messages are not delayed until earlier ones are acknowledged.
        let listener = listener.tap_io(|tcp| tcp.set_nodelay(true).unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        self.server = Some(Server { address, shutdown, _serving: AbortOnDropHandle::new(serving) });
    }

    /// Kills the server: sockets end without a close handshake.
    pub fn kill_server(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown.cancel();
        }
    }

    /// A client of the first login.
    pub async fn attach(&self, query: &str) -> SocketClient {
        self.attach_as(0, query).await.unwrap()
    }

    pub async fn attach_as(&self, login: usize, query: &str) -> Result<SocketClient, u16> {
        let address = self.server.as_ref().unwrap().address;
        SocketClient::connect(format!("ws://{address}/attach?login={login}{query}")).await
    }

    /// A client of the first login with a small receive buffer.
    pub async fn attach_with_small_buffers(&self, query: &str) -> SocketClient {
        let address = self.server.as_ref().unwrap().address;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(NARROW_BYTES).unwrap();
        let stream = socket.connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        SocketClient::over(stream, format!("ws://{address}/attach?login=0{query}")).await
    }

    /// Locks the terminal and gives the first login a grant of a minute.
    pub async fn lock_with_grant(&self) {
        let mut tx = self.db.begin().await.unwrap();
        let epoch = tx.set_lock(&proof(self.terminal), true).await.unwrap().unwrap();
        let now = self.clock.now();
        let grant = GrantFacts {
            user: self.user,
            session: self.logins[0],
            terminal: self.terminal,
            epoch,
            granted_at: now,
            last_input_at: now,
            idle_secs: 60,
            absolute_end: now.plus_secs(3600),
        };
        tx.put_grant(&grant).await.unwrap();
        tx.commit().await.unwrap();
    }
}

impl Drop for SessionFixture {
    fn drop(&mut self) {
        self.kill_guest();
    }
}

fn children(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
}

/// Polls until the condition holds.
pub async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let asking = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::support::socket::DEADLINE, asking)
        .await
        .unwrap_or_else(|_| panic!("waited for {what}"));
}

pub fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
