//! Services without HTTP: a private database, an engine, and signed-in users.

use std::{sync::Arc, time::Duration};

use access::{Caller, Clock, Credential};
use protocol::{
    SessionId, TerminalId, UserId,
    auth::Role,
    mfa::EnrolRequest,
    names::{Sensitive, Slug, Username},
    terminals::{CreateTerminal, Terminal},
};
use rexec::{
    accounts,
    auth::{Visitor, password, sessions},
    config,
    mfa::totp,
    services::Services,
    terminals::{self, Completion},
};
use sandbox::{Engine, fake::FakeEngine};
use secrets::Keyring;
use store::SessionKind;
use uuid::Uuid;

use crate::support::database::TestDb;
use crate::support::proofs::proof;

const PASSWORD: &str = "a few random words 7";

/// Services over a database and an engine. Dropping it removes its directory.
pub struct TestEnvironment {
    pub services: Services,
    pub fake: FakeEngine,
    _folder: tempfile::TempDir,
}

impl TestEnvironment {
    /// On the fake engine.
    pub fn new(db: &TestDb) -> Self {
        let fake = FakeEngine::new(Clock::System);
        let engine = Arc::new(fake.clone());
        Self::on(db, fake, engine)
    }

    pub fn on(db: &TestDb, fake: FakeEngine, engine: Arc<dyn Engine>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config::check(config::Raw::default()).unwrap();
        let keys = Keyring::open(&folder.path().join("keys")).unwrap();
        // Long enough that operations complete before the answer; tests of 202 answers set their own.
        let services = Services::builder(config, db.db.clone(), keys, db.audit_keys.clone(), engine)
            .operation_wait(Duration::from_secs(60))
            .build();
        Self { services, fake, _folder: folder }
    }

    /// The same database and engine after a restart of the server.
    pub fn restarted(&self, db: &TestDb) -> Self {
        Self::on(db, self.fake.clone(), self.services.engine.clone())
    }

    /// A new user, signed in.
    pub async fn user(&self, name: &str) -> Caller {
        self.account(name, Role::User).await
    }

    /// An administrator, signed in.
    pub async fn administrator(&self, name: &str) -> Caller {
        Caller { role: Role::Admin, ..self.account(name, Role::Admin).await }
    }

    async fn account(&self, name: &str, role: Role) -> Caller {
        let user = UserId::new(Uuid::new_v4());
        let username = Username::parse(name).unwrap();
        let hash = password::hash(PASSWORD).await.unwrap();
        let mut tx = self.services.db.begin().await.unwrap();
        tx.insert_user(user, &username, &hash, role, self.services.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        Caller { role, ..self.signed_in(user, username).await }
    }

    /// Another login of an account.
    pub async fn signed_in(&self, user: UserId, username: Username) -> Caller {
        let visitor = Visitor {
            address: [127, 0, 0, 1].into(),
            user_agent: "A program".into(),
            trusted_device: None,
            request_id: "r".into(),
        };
        let mut tx = self.services.db.begin().await.unwrap();
        let settings = tx.settings().await.unwrap();
        let now = self.services.clock.now();
        let (session, _) = sessions::create(&mut tx, user, SessionKind::Full, &visitor, &settings, now).await.unwrap();
        tx.commit().await.unwrap();
        self.as_caller(user, username, session)
    }

    fn as_caller(&self, user: UserId, username: Username, session: SessionId) -> Caller {
        Caller {
            user,
            username,
            role: Role::User,
            credential: Credential::Session { id: session, generation: 0 },
            trusted_device: None,
            address: [127, 0, 0, 1].into(),
            request_id: "r".into(),
        }
    }

    /// Enrols a factor and returns its recovery codes.
    pub async fn enrol(&self, who: &Caller) -> Vec<Sensitive> {
        let request = EnrolRequest { password: Sensitive::new(PASSWORD), code: None };
        let answer = accounts::enrol_factor(&self.services, who, &request).await.unwrap();
        let secret = data_encoding::BASE32_NOPAD.decode(answer.secret.as_bytes()).unwrap();
        let code = totp::code(&secret, totp::step_at(self.services.clock.now()));
        let (codes, _) = accounts::confirm_factor(&self.services, who, Sensitive::new(code)).await.unwrap();
        codes.recovery_codes.into_iter().map(Sensitive::new).collect()
    }

    /// A running terminal.
    pub async fn terminal(&self, who: &Caller) -> Terminal {
        match terminals::create(&self.services, who, ask()).await.unwrap() {
            Completion::Done(terminal) => terminal,
            Completion::InProgress(terminal) => panic!("still in progress: {terminal:?}"),
        }
    }

    /// Sets the lock in the record, without the use-case.
    pub async fn lock(&self, id: TerminalId) {
        let mut tx = self.services.db.begin().await.unwrap();
        tx.set_lock(&proof(id), true).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Names of the audit events about a terminal, oldest first; failures end with `!`.
    pub async fn events_about(&self, id: TerminalId) -> Vec<String> {
        let mut tx = self.services.db.read().await.unwrap();
        let rows = tx.audit_after(0, 10_000).await.unwrap();
        let about = rows.into_iter().filter(|row| row.target.as_deref() == Some(&id.to_string()));
        about.map(|row| if row.outcome == "failure" { format!("{}!", row.event) } else { row.event }).collect()
    }

    /// All terminal records.
    pub async fn rows(&self) -> Vec<store::TerminalRow> {
        self.services.db.read().await.unwrap().all_terminals().await.unwrap()
    }
}

/// A create request with only the required field.
pub fn ask() -> CreateTerminal {
    let image = Slug::parse("debian").unwrap();
    CreateTerminal { name: None, image, tier: None, profile: None, egress: None }
}
