//! A whole server on its own port, with a manual clock and the fake engine; and users who call its REST routes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use access::{Attach, Caller, Clock, Credential};
use protocol::{ProblemKind, TerminalId, Timestamp, auth::Role};
use rexec::{
    accounts,
    auth::sessions,
    config::{self, Config},
    http::{self, Bounds, connections},
    mfa::totp,
    problem::ToProblem as _,
    services::Services,
};
use sandbox::fake::FakeEngine;
use secrets::Keyring;
use serde_json::{Value, json};

pub use super::client::Client;
use super::database::{self, TestDb};

/// 2026-11-18T11:06:40Z, the beginning of a TOTP step.
pub const START: Timestamp = Timestamp::from_millis(1_795_000_000_000 / 30_000 * 30_000);
pub const PASSWORD: &str = "a few random words 7";

/// Stops when it is dropped.
pub struct TestServer {
    pub services: Services,
    pub origin: String,
    pub clock: Clock,
    /// The fake engine, to script delays and failures.
    pub engine: FakeEngine,
    http: reqwest::Client,
    _db: TestDb,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.services.shutdown.cancel();
    }
}

impl TestServer {
    pub async fn start() -> Self {
        Self::on(database::sqlite().await).await
    }

    pub async fn on(db: TestDb) -> Self {
        Self::with(db, |_| ()).await
    }

    pub async fn with(db: TestDb, configure: impl FnOnce(&mut Config)) -> Self {
        Self::with_bounds(Bounds::default(), db, configure).await
    }

    pub async fn with_bounds(bounds: Bounds, db: TestDb, configure: impl FnOnce(&mut Config)) -> Self {
        Self::build(bounds, rexec::services::OPERATION_WAIT, db, configure).await
    }

    /// Answers without waiting for the engine.
    pub async fn without_operation_wait() -> Self {
        Self::build(Bounds::default(), Duration::ZERO, database::sqlite().await, |_| ()).await
    }

    async fn build(bounds: Bounds, operation_wait: Duration, db: TestDb, configure: impl FnOnce(&mut Config)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = config::check(config::Raw::default()).unwrap();
        configure(&mut config);
        let clock = Clock::manual(START);
        let engine = FakeEngine::new(clock.clone());
        let (keys, audit_keys) = (Keyring::default(), db.audit_keys.clone());
        let services = Services::builder(config, db.db.clone(), keys, audit_keys, Arc::new(engine.clone()))
            .clock(clock.clone())
            .address(address)
            .operation_wait(operation_wait)
            .build();
        let shutdown = services.shutdown.clone();
        let peers = (Vec::new(), services.signed_in_addresses.clone());
        tokio::spawn(connections::serve(listener, http::router(&services, |_| None), bounds, peers, shutdown));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { services, origin: format!("http://{address}"), clock, engine, http, _db: db }
    }

    /// With an administrator, and the user Ada with a factor.
    pub async fn with_ada() -> (Self, User, User) {
        let server = Self::start().await;
        let admin = server.admin().await;
        let ada = server.user_with_factor(&admin, "ada").await;
        (server, admin, ada)
    }

    /// The same, with a running terminal of Ada.
    pub async fn with_terminal() -> (Self, User, User, TerminalId) {
        let (server, admin, ada) = Self::with_ada().await;
        let id = server.terminal(&ada.client).await;
        (server, admin, ada, id)
    }

    /// A client that is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.http.clone(), self.origin.clone())
    }

    /// The token of the printed set-up link.
    pub async fn setup_token(&self) -> String {
        let link = accounts::setup_link(&self.services).await.unwrap().expect("not set up yet");
        link.split_once("token=").unwrap().1.to_owned()
    }

    /// The first administrator, signed in.
    pub async fn admin(&self) -> User {
        let client = self.anonymous();
        let token = self.setup_token().await;
        let body = json!({"token": token, "username": "root", "password": PASSWORD});
        client.ok("POST", "/api/setup", body).await;
        User { name: "root".into(), client, secret: Mutex::default(), recovery: Mutex::default() }
    }

    /// A user who joined by an invitation, signed in.
    pub async fn user(&self, admin: &User, name: &str) -> User {
        self.invited(admin, name, Role::User).await
    }

    pub async fn invited(&self, admin: &User, name: &str, role: Role) -> User {
        let link = admin.client.ok("POST", "/api/admin/users/invite", json!({"role": role.as_str()})).await;
        let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
        let client = self.anonymous();
        let body = json!({"token": token, "username": name, "password": PASSWORD});
        client.ok("POST", "/api/invite", body).await;
        User { name: name.into(), client, secret: Mutex::default(), recovery: Mutex::default() }
    }

    /// A user with a confirmed factor. The clock stands in the step after the one that confirmed it.
    pub async fn user_with_factor(&self, admin: &User, name: &str) -> User {
        let user = self.user(admin, name).await;
        self.enrol(&user).await;
        user
    }

    pub async fn enrol(&self, user: &User) {
        let answer = user.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
        self.confirm(user, &answer).await;
    }

    /// Confirms an enrolment by its first code and advances the clock to the next step.
    pub async fn confirm(&self, user: &User, answer: &Value) {
        let secret = data_encoding::BASE32_NOPAD.decode(answer["secret"].as_str().unwrap().as_bytes()).unwrap();
        *user.secret.lock().unwrap() = secret;
        let confirmed = user.client.ok("POST", "/api/account/mfa/confirm", json!({"code": self.code(user)})).await;
        let codes = confirmed["recovery_codes"].as_array().unwrap();
        *user.recovery.lock().unwrap() = codes.iter().map(|c| c.as_str().unwrap().to_owned()).collect();
        self.clock.advance_secs(30);
    }

    /// The code of the current step.
    pub fn code(&self, user: &User) -> String {
        self.code_at(user, 0)
    }

    /// The code of the step at this offset from the current one.
    pub fn code_at(&self, user: &User, offset: i64) -> String {
        totp::code(&user.secret.lock().unwrap(), totp::step_at(self.clock.now()) + offset)
    }

    /// Six digits that are no code of a nearby step.
    pub fn wrong_code(&self, user: &User) -> String {
        let near: Vec<String> = (-3..=3).map(|offset| self.code_at(user, offset)).collect();
        (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }

    /// Advances the clock to the next step and returns its code.
    pub fn next_code(&self, user: &User) -> String {
        self.clock.advance_secs(30);
        self.code(user)
    }

    /// Another login of the same user.
    pub async fn log_in_again(&self, user: &User) -> Client {
        let client = self.anonymous();
        let answer = client.ok("POST", "/api/auth/login", credentials(&user.name)).await;
        if answer["status"] == "mfa_required" {
            let code = user.take_recovery_code();
            client.ok("POST", "/api/auth/login/mfa", json!({ "code": code })).await;
        }
        client
    }

    /// A running terminal.
    pub async fn terminal(&self, owner: &Client) -> TerminalId {
        let made = owner.ok("POST", "/api/terminals", json!({"image": "debian"})).await;
        assert_eq!(made["state"], "running");
        made["id"].as_str().unwrap().parse().unwrap()
    }

    /// The caller that the server derives from this client's cookie.
    pub async fn caller(&self, client: &Client) -> Caller {
        let token = client.cookie("__Host-rexec").expect("signed in");
        let session = sessions::find(&self.services.db, &token, self.clock.now()).await.unwrap().expect("alive");
        Caller {
            user: session.user,
            username: session.username,
            role: session.role,
            credential: Credential::Session { id: session.id, generation: session.generation },
            trusted_device: None,
            address: [127, 0, 0, 1].into(),
            request_id: "test".into(),
        }
    }

    /// Whether this client may attach now; the reason otherwise.
    pub async fn admitted(&self, client: &Client, id: TerminalId) -> Result<(), ProblemKind> {
        let caller = self.caller(client).await;
        self.services.gate.authorize(&caller, id, Attach).await.map(drop).map_err(|denied| denied.problem().kind)
    }

    /// Audit events of one name, newest first.
    pub async fn events(&self, admin: &User, event: &str) -> Vec<Value> {
        let path = format!("/api/admin/audit?limit=200&event={event}");
        admin.client.ok("GET", &path, Value::Null).await["items"].as_array().unwrap().clone()
    }
}

pub fn credentials(name: &str) -> Value {
    json!({"username": name, "password": PASSWORD})
}

/// The path of one of the four lock routes: `status`, `lock`, `unlock`, `verify`.
pub fn lock_path(id: TerminalId, what: &str) -> String {
    format!("/api/security/terminal/{id}/mfa-{what}")
}

/// An account, a signed-in client, and an authenticator app.
pub struct User {
    pub name: String,
    pub client: Client,
    pub secret: Mutex<Vec<u8>>,
    pub recovery: Mutex<Vec<String>>,
}

impl User {
    pub fn take_recovery_code(&self) -> String {
        self.recovery.lock().unwrap().pop().expect("a recovery code is left")
    }
    pub async fn lock(&self, id: TerminalId) {
        let status = self.client.ok("POST", &lock_path(id, "lock"), Value::Null).await;
        assert_eq!(status["mfa_locked"], true);
    }
}
