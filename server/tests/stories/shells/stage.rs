//! The stage of these stories: the real guest as a plain process, a real link, a real gate over a real database, and a
//! socket route that admits and seats as the product's does. No container: what it is about is the bytes.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Arc,
    time::Duration,
};

use access::{Attach, Caller, Clock, Credential, GrantFacts, RevocationRegistry, TerminalGate};
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
use store::{Db, NewSession, SessionKind};
use terminal::Sessions;
use tokio::net::TcpSocket;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use super::client::Client;
use crate::database::terminal_row;
use crate::proofs::proof;
use rexec::problem::ToProblem as _;

const NARROW_BYTES: u32 = 32 * 1024;
/// Typed into a shell: more than narrow sockets hold, so that whoever does not read it is stuck; and less than is kept, so
/// that nobody is spared it by a redraw.
pub const FLOOD: &str = "yes | head -c 400000; echo $((40+2))-flooded";
/// The last of it.
pub const FLOOD_END: &str = "42-flooded";
pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// One terminal, one owner with two logins.
pub struct Stage {
    dir: tempfile::TempDir,
    pub db: Db,
    pub registry: Arc<RevocationRegistry>,
    pub clock: Clock,
    pub terminal: TerminalId,
    pub user: UserId,
    pub logins: [SessionId; 2],
    pub guest: Option<Child>,
    pub server: Option<Server>,
    /// The kernel takes little of what the server sends.
    narrow: bool,
}

/// What goes when the server is killed.
pub struct Server {
    pub address: std::net::SocketAddr,
    pub shutdown: CancellationToken,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Clone)]
struct Door {
    gate: TerminalGate,
    callers: [Caller; 2],
    terminal: TerminalId,
    sessions: Arc<Sessions>,
    link: Arc<GuestSocket>,
    db: Db,
    shutdown: CancellationToken,
}

#[derive(serde::Deserialize)]
struct Wanted {
    login: usize,
    cols: Option<u16>,
    rows: Option<u16>,
    from: Option<u64>,
    pane: Option<String>,
    /// With what of this viewer the server has little patience: `write` or `ping`.
    hurry: Option<String>,
}

async fn attach(State(door): State<Door>, Query(wanted): Query<Wanted>, upgrade: WebSocketUpgrade) -> Response {
    let access = match door.gate.authorize(&door.callers[wanted.login], door.terminal, Attach).await {
        Ok(access) => access,
        Err(denied) => return StatusCode::from_u16(denied.problem().kind.status()).unwrap().into_response(),
    };
    let pane = Slug::parse(wanted.pane.as_deref().unwrap_or("main")).unwrap();
    let size = wanted.cols.zip(wanted.rows).map(|(cols, rows)| Size::clamped(cols, rows));
    let seat = match door.sessions.attach(&access, door.link.clone(), &pane, size, wanted.from).await {
        Ok(seat) => seat,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let usual = ws::Timeouts::default();
    let (short, long) = (Duration::from_millis(200), 4 * super::client::DEADLINE);
    let patience = match wanted.hurry.as_deref() {
        Some("write") => ws::Timeouts { write: short, rest: long, ..usual },
        // The client that stays has so long to answer, on a machine where everything else runs as well.
        Some("ping") => ws::Timeouts { ping: short / 10, silent: 10 * short, ..usual },
        _ => usual,
    };
    upgrade
        .max_message_size(limits::CLIENT_FRAME_BYTES_MAX)
        .max_frame_size(limits::CLIENT_FRAME_BYTES_MAX)
        .on_upgrade(move |socket| ws::run(socket, access, seat, door.db, door.shutdown, patience))
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

impl Stage {
    pub async fn set() -> Self {
        Self::with(false).await
    }

    /// With sockets that are full soon.
    pub async fn narrow() -> Self {
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
            let new = NewSession {
                id,
                user,
                kind: SessionKind::Full,
                token_hash: [number; 32],
                device: "test",
                address: "127.0.0.1",
                created_at: NOW,
                idle_secs: 40_000,
                absolute_end: NOW.plus_secs(43_200),
            };
            tx.insert_session(&new).await.unwrap();
        }
        tx.insert_terminal(&terminal_row(terminal, user, "work", NOW)).await.unwrap();
        tx.commit().await.unwrap();
        let (registry, clock) = (Arc::new(RevocationRegistry::default()), Clock::manual(NOW));
        let mut stage = Self { dir, db, registry, clock, terminal, user, logins, guest: None, server: None, narrow };
        stage.start_server().await;
        stage.start_guest();
        stage
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
            // In a container they end with PID 1; here each is ended by its number.
            for shell in shells.split_whitespace() {
                if let Some(pid) = shell.parse().ok().and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
            }
        }
    }

    /// As after a start of the process: nothing in memory, the same directory.
    pub async fn start_server(&mut self) {
        self.server = None;
        let shutdown = CancellationToken::new();
        let link = Arc::new(GuestSocket::bind(&self.dir.path().join("link"), false, shutdown.clone()).unwrap());
        let caller = |session| Caller {
            user: self.user,
            username: Username::parse("ada").unwrap(),
            role: Role::User,
            credential: Credential::Session { id: session, generation: 0 },
            address: [127, 0, 0, 1].into(),
            request_id: "test".into(),
        };
        let door = Door {
            gate: TerminalGate::new(Arc::new(self.db.clone()), self.registry.clone(), self.clock.clone()),
            callers: self.logins.map(caller),
            terminal: self.terminal,
            sessions: Arc::new(Sessions::new(shutdown.clone())),
            link: link.clone(),
            db: self.db.clone(),
            shutdown: shutdown.clone(),
        };
        let app = Router::new().route("/attach", get(attach)).with_state(door);
        let socket = TcpSocket::new_v4().unwrap();
        if self.narrow {
            socket.set_send_buffer_size(NARROW_BYTES).unwrap();
        }
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        // As the product's connections are: small messages do not wait for each other's receipts.
        let listener = listener.tap_io(|tcp| tcp.set_nodelay(true).unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        self.server = Some(Server { address, shutdown, _serving: AbortOnDropHandle::new(serving) });
    }

    /// The server process is killed: sockets break, nothing says goodbye.
    pub fn kill_server(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown.cancel();
        }
    }

    /// A viewer of the first login.
    pub async fn view(&self, query: &str) -> Client {
        self.view_as(0, query).await.unwrap()
    }

    pub async fn view_as(&self, login: usize, query: &str) -> Result<Client, u16> {
        let address = self.server.as_ref().unwrap().address;
        Client::connect(format!("ws://{address}/attach?login={login}{query}")).await
    }

    /// A viewer of the first login with a socket that is full soon.
    pub async fn view_narrow(&self, query: &str) -> Client {
        let address = self.server.as_ref().unwrap().address;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(NARROW_BYTES).unwrap();
        let stream = socket.connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client::over(stream, format!("ws://{address}/attach?login=0{query}")).await
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

impl Drop for Stage {
    fn drop(&mut self) {
        self.kill_guest();
    }
}

fn children(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
}

/// Asks again until it is true.
pub async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let asking = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::client::DEADLINE, asking).await.unwrap_or_else(|_| panic!("waited for {what}"));
}

pub fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
