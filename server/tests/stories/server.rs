//! A whole server on a port of its own, with a clock that tests move and an engine made of memory; and people who use it
//! through its REST routes alone, each with a cookie jar as a browser has one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use access::{Attach, Caller, Clock, Credential};
use protocol::{ProblemKind, TerminalId, Timestamp, auth::Role};
use rexec::{
    accounts,
    auth::sessions,
    config::{self, Config},
    http::{
        self,
        connections::{self, Bounds},
    },
    mfa::totp,
    services::Services,
};
use sandbox::fake::FakeEngine;
use secrets::Keyring;
use serde_json::{Value, json};

use crate::{
    database::{self, TestDb},
    documented,
};
use rexec::problem::ToProblem as _;

/// 2026-11-18T11:06:40Z, the beginning of a TOTP step.
pub const START: Timestamp = Timestamp::from_millis(1_795_000_000_000 / 30_000 * 30_000);
pub const PASSWORD: &str = "a few random words 7";

/// Stops when it is dropped.
pub struct TestServer {
    pub services: Services,
    pub origin: String,
    pub clock: Clock,
    /// The engine, for stories in which it dawdles or fails.
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
        Self::within(Bounds::default(), db, configure).await
    }

    pub async fn within(bounds: Bounds, db: TestDb, configure: impl FnOnce(&mut Config)) -> Self {
        Self::build(bounds, rexec::services::OPERATION_WAIT, db, configure).await
    }

    /// Answers at once, whatever the engine still has to do.
    pub async fn impatient() -> Self {
        Self::build(Bounds::default(), Duration::ZERO, database::sqlite().await, |_| ()).await
    }

    async fn build(bounds: Bounds, operation_wait: Duration, db: TestDb, configure: impl FnOnce(&mut Config)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = config::check(config::Raw::default()).unwrap();
        configure(&mut config);
        let clock = Clock::manual(START);
        let engine = FakeEngine::new(clock.clone());
        let services = Services::builder(config, db.db.clone(), Keyring::default(), Arc::new(engine.clone()))
            .clock(clock.clone())
            .address(address)
            .operation_wait(operation_wait)
            .build();
        let shutdown = services.shutdown.clone();
        tokio::spawn(connections::serve(listener, http::router(&services, |_| None), bounds, Vec::new(), shutdown));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { services, origin: format!("http://{address}"), clock, engine, http, _db: db }
    }

    /// With an administrator, and Ada who has a factor.
    pub async fn with_ada() -> (Self, Person, Person) {
        let server = Self::start().await;
        let admin = server.admin().await;
        let ada = server.guarded(&admin, "ada").await;
        (server, admin, ada)
    }

    /// The same, and a running terminal of hers.
    pub async fn with_terminal() -> (Self, Person, Person, TerminalId) {
        let (server, admin, ada) = Self::with_ada().await;
        let id = server.terminal(&ada.client).await;
        (server, admin, ada, id)
    }

    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Client {
        Client { http: self.http.clone(), origin: self.origin.clone(), cookies: Mutex::default() }
    }

    /// The token of the printed link.
    pub async fn setup_token(&self) -> String {
        let link = accounts::setup_link(&self.services).await.unwrap().expect("not set up yet");
        link.split_once("token=").unwrap().1.to_owned()
    }

    /// The first administrator, signed in.
    pub async fn admin(&self) -> Person {
        let client = self.visitor();
        let token = self.setup_token().await;
        let body = json!({"token": token, "username": "root", "password": PASSWORD});
        client.ok("POST", "/api/setup", body).await;
        Person { name: "root".into(), client, secret: Mutex::default(), recovery: Mutex::default() }
    }

    /// Somebody who joined by an invitation, signed in.
    pub async fn person(&self, admin: &Person, name: &str) -> Person {
        self.invited(admin, name, Role::User).await
    }

    pub async fn invited(&self, admin: &Person, name: &str, role: Role) -> Person {
        let link = admin.client.ok("POST", "/api/admin/users/invite", json!({"role": role.as_str()})).await;
        let token = link["url"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
        let client = self.visitor();
        let body = json!({"token": token, "username": name, "password": PASSWORD});
        client.ok("POST", "/api/invite", body).await;
        Person { name: name.into(), client, secret: Mutex::default(), recovery: Mutex::default() }
    }

    /// Somebody with a confirmed factor. The step that confirmed it is spent, and the clock stands in the next one.
    pub async fn guarded(&self, admin: &Person, name: &str) -> Person {
        let person = self.person(admin, name).await;
        self.enrol(&person).await;
        person
    }

    pub async fn enrol(&self, person: &Person) {
        let answer = person.client.ok("POST", "/api/account/mfa/enrol", json!({"password": PASSWORD})).await;
        self.confirm(person, &answer).await;
    }

    /// Confirms an enrolment by its first code, and goes on to the next step.
    pub async fn confirm(&self, person: &Person, answer: &Value) {
        let secret = data_encoding::BASE32_NOPAD.decode(answer["secret"].as_str().unwrap().as_bytes()).unwrap();
        *person.secret.lock().unwrap() = secret;
        let confirmed = person.client.ok("POST", "/api/account/mfa/confirm", json!({"code": self.code(person)})).await;
        let codes = confirmed["recovery_codes"].as_array().unwrap();
        *person.recovery.lock().unwrap() = codes.iter().map(|c| c.as_str().unwrap().to_owned()).collect();
        self.clock.advance_secs(30);
    }

    /// The code of the present step.
    pub fn code(&self, person: &Person) -> String {
        self.code_at(person, 0)
    }

    /// The code some steps away from the present one.
    pub fn code_at(&self, person: &Person, offset: i64) -> String {
        totp::code(&person.secret.lock().unwrap(), totp::step_at(self.clock.now()) + offset)
    }

    /// Six digits that fit no step nearby.
    pub fn wrong_code(&self, person: &Person) -> String {
        let near: Vec<String> = (-3..=3).map(|offset| self.code_at(person, offset)).collect();
        (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }

    /// The code of a step that has not been used yet: goes on to it.
    pub fn next_code(&self, person: &Person) -> String {
        self.clock.advance_secs(30);
        self.code(person)
    }

    /// A client of the same person, signed in on its own.
    pub async fn elsewhere(&self, person: &Person) -> Client {
        let client = self.visitor();
        let answer = client.ok("POST", "/api/auth/login", credentials(&person.name)).await;
        if answer["status"] == "mfa_required" {
            let code = person.take_recovery_code();
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

    /// Who this client is to the server: what a socket is opened with.
    pub async fn caller(&self, client: &Client) -> Caller {
        let token = client.cookie("__Host-rexec").expect("signed in");
        let session = sessions::find(&self.services.db, &token, self.clock.now()).await.unwrap().expect("alive");
        Caller {
            user: session.user,
            username: session.username,
            role: session.role,
            credential: Credential::Session { id: session.id, generation: session.generation },
            address: [127, 0, 0, 1].into(),
            request_id: "test".into(),
        }
    }

    /// Whether this client would be let at the bytes now; the refusal otherwise.
    pub async fn admitted(&self, client: &Client, id: TerminalId) -> Result<(), ProblemKind> {
        let caller = self.caller(client).await;
        self.services.gate.authorize(&caller, id, Attach).await.map(drop).map_err(|denied| denied.problem().kind)
    }

    /// Events of one name, as the administrator finds them.
    pub async fn events(&self, admin: &Person, event: &str) -> Vec<Value> {
        let path = format!("/api/admin/audit?limit=200&event={event}");
        admin.client.ok("GET", &path, Value::Null).await["items"].as_array().unwrap().clone()
    }
}

pub fn credentials(name: &str) -> Value {
    json!({"username": name, "password": PASSWORD})
}

/// The four routes of a terminal's lock.
pub fn lock_path(id: TerminalId, what: &str) -> String {
    format!("/api/security/terminal/{id}/mfa-{what}")
}

/// An account, a signed-in client, and an authenticator app.
pub struct Person {
    pub name: String,
    pub client: Client,
    pub secret: Mutex<Vec<u8>>,
    pub recovery: Mutex<Vec<String>>,
}

impl Person {
    pub fn take_recovery_code(&self) -> String {
        self.recovery.lock().unwrap().pop().expect("a recovery code is left")
    }
    pub async fn lock(&self, id: TerminalId) {
        let status = self.client.ok("POST", &lock_path(id, "lock"), Value::Null).await;
        assert_eq!(status["mfa_locked"], true);
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Reply {
    /// `type` of a problem.
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// Every refusal, of every story: a problem document that says what happened (title), why, and what to do (detail).
    fn looked_at(self) -> Self {
        if self.status >= 400 {
            assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
            let said = |member: &str| self.body[member].as_str().unwrap_or_default().to_owned();
            let (title, detail) = (said("title"), said("detail"));
            assert!(!title.is_empty() && detail.len() > 12 && detail.ends_with('.'), "{}", self.body);
            assert!(!title.contains(detail.trim_end_matches('.')), "no more than the title says: {}", self.body);
        }
        self
    }
}

/// A program with a cookie jar.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    origin: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Clone for Client {
    /// A thief's copy: the same cookies now, a jar of its own from now on.
    fn clone(&self) -> Self {
        let cookies = self.cookies.lock().unwrap().clone();
        Self { http: self.http.clone(), origin: self.origin.clone(), cookies: Mutex::new(cookies) }
    }
}

impl Client {
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// One request; `Null` is no body.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Reply {
        self.ask_with(method, path, body, &[]).await
    }

    pub async fn ask_with(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Reply {
        let response = self.send(method, path, body, headers).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for line in headers.get_all("set-cookie") {
            let (pair, attributes) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut jar = self.cookies.lock().unwrap();
            if attributes.contains("Max-Age=0") {
                jar.remove(name)
            } else {
                jar.insert(name.into(), value.into())
            };
        }
        documented::check(method, path, status);
        let bytes = response.bytes().await.unwrap();
        Reply { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }.looked_at()
    }

    /// A body as it stands, of a kind that may be none.
    pub async fn say(&self, method: &str, path: &str, kind: &str, text: &str) -> Reply {
        let url = format!("{}{path}", self.origin);
        let mut request = self.http.request(method.parse().unwrap(), url).header("origin", &self.origin);
        request = request.header("cookie", format!("__Host-rexec={}", self.cookie("__Host-rexec").unwrap()));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let response = request.body(text.to_owned()).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        documented::check(method, path, status);
        Reply { status, headers, body: response.json().await.unwrap_or(Value::Null) }.looked_at()
    }

    /// An answer whose body is still to come.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.send("GET", path, Value::Null, &[]).await
    }

    async fn send(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> reqwest::Response {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.origin)).header("origin", &self.origin);
        let line: Vec<String> = self.cookies.lock().unwrap().iter().map(|(k, v)| format!("{k}={v}")).collect();
        if !line.is_empty() {
            request = request.header("cookie", line.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// A request that must succeed.
    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let reply = self.ask(method, path, body).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.body);
        reply.body
    }

    /// A request that must be refused with this status; gives the problem.
    pub async fn refused(&self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let reply = self.ask(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{method} {path}");
        assert_eq!(reply.body["status"], status);
        reply.body
    }
}
