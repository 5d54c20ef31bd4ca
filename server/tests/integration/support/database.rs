//! Empty databases for tests: a SQLite file always, a PostgreSQL database if `REXEC_TEST_POSTGRES_URL` names a server.

use protocol::{
    SandboxId, SessionId, TerminalId, Timestamp, UserId,
    names::{Slug, TerminalName},
    terminals::Phase,
};
use rexec::audit::{self, AuditKeys, AuditLog};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::{Db, DesiredState, NewSession, SandboxRow, SandboxState, SessionKind, TerminalRow};
use uuid::Uuid;

/// A database used by one test. Dropping it removes its directory.
pub struct TestDb {
    pub db: Db,
    pub name: &'static str,
    /// Keys of the audit log, as after the first start.
    pub audit_keys: AuditKeys,
    pub folder: tempfile::TempDir,
}

impl TestDb {
    async fn new(db: Db, name: &'static str, folder: tempfile::TempDir) -> Self {
        let audit_keys = audit::open_keys(&db, folder.path()).await.unwrap();
        audit::establish(&AuditLog::new(db.clone(), audit_keys.clone()), folder.path()).await.unwrap();
        Self { db, name, audit_keys, folder }
    }

    /// Another empty database of the same kind.
    pub async fn again(&self) -> Self {
        match self.db {
            Db::Sqlite { .. } => sqlite().await,
            Db::Postgres(_) => postgres().await.unwrap(),
        }
    }

    /// The audit log, as a server after a start has it.
    pub fn audit_log(&self) -> AuditLog {
        AuditLog::new(self.db.clone(), self.audit_keys.clone())
    }
}

/// The sandbox that a cold creation makes for a terminal.
pub fn sandbox_of(id: TerminalId) -> SandboxId {
    SandboxId::new(id.uuid())
}

/// A signed-in login session that ends 12 hours after `now`. `token` is each byte of the hash of its token.
pub fn full_session(id: SessionId, user: UserId, token: u8, idle_secs: u32, now: Timestamp) -> NewSession<'static> {
    NewSession {
        id,
        user,
        kind: SessionKind::Full,
        token_hash: [token; 32],
        device: "Firefox",
        address: "127.0.0.1",
        created_at: now,
        idle_secs,
        absolute_end: now.plus_secs(43_200),
    }
}

/// The record of a running terminal.
pub fn terminal_row(id: TerminalId, owner_id: UserId, name: &str, now: Timestamp) -> TerminalRow {
    let slug = |s: &str| Slug::parse(s).unwrap();
    TerminalRow {
        id,
        owner_id,
        name: TerminalName::parse(name).unwrap(),
        hostname: "work".into(),
        image: slug("debian"),
        tier: slug("medium"),
        profile: slug("standard"),
        egress: slug("open"),
        desired: DesiredState::Running,
        phase: Phase::Running,
        mfa_locked: false,
        lock_epoch: 0,
        reason: store::StoredReason::default(),
        generation: 1,
        observed_generation: 1,
        sandbox: SandboxRow { id: sandbox_of(id), state: SandboxState::Assigned, tier: slug("medium") },
        created_at: now,
        last_active_at: now,
    }
}

/// The PostgreSQL server on which tests may create databases.
pub fn postgres_url() -> Option<String> {
    std::env::var("REXEC_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

pub async fn sqlite() -> TestDb {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
    TestDb::new(db, "sqlite", folder).await
}

pub async fn postgres() -> Option<TestDb> {
    let url = postgres_url()?;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let name = format!("rexec_{}", Uuid::new_v4().simple());
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    let db = Db::postgres(&format!("{server}/{name}")).await.unwrap();
    Some(TestDb::new(db, "postgresql", tempfile::tempdir().unwrap()).await)
}

/// One database of every available kind.
pub async fn each() -> Vec<TestDb> {
    let mut all = vec![sqlite().await];
    all.extend(postgres().await);
    all
}

#[test]
fn postgresql_is_tested() {
    if postgres_url().is_none() && std::env::var_os("REXEC_TEST_WITHOUT_POSTGRES").is_none() {
        panic!(
            "REXEC_TEST_POSTGRES_URL is not set, so nothing was tested on PostgreSQL. Set it to a server on which \
             databases may be made, or set REXEC_TEST_WITHOUT_POSTGRES=1 to leave it out on purpose."
        );
    }
}
