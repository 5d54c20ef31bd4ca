//! The database layer, with all SQL of the project. Functions take and return typed values and contain no business
//! rules. Where a function documents no other errors, it fails only when the database does not answer.
//!
//! Every statement runs in a [`Tx`]. SQLite has one writing connection (`BEGIN IMMEDIATE`, so a transaction gets the
//! write lock at its start or not at all) and a few reading ones; PostgreSQL has a pool.

mod audit;
mod audit_search;
mod catalogue;
mod desired;
mod factors;
mod facts;
mod grants;
mod lifecycle;
mod links;
mod notices;
pub mod pagination;
mod reason;
mod recovery;
mod sandboxes;
mod sessions;
mod settings;
mod sql;
mod sqlx;
mod terminals;
mod tombstones;
mod trusted_devices;
mod users;

pub use audit::{AuditHead, AuditRow};
pub use audit_search::AuditFilter;
pub use catalogue::{ImageRow, TierRow};
pub use desired::DesiredState;
pub use factors::Factor;
pub use lifecycle::PowerRequest;
pub use links::{LinkKind, OneTimeLinkRow};
pub use notices::Notice;
pub use reason::{Reason, StoredReason};
pub use sandboxes::{SandboxRow, SandboxState};
pub use sessions::{LoginSession, NewSession, SessionKind};
pub use terminals::{TerminalListing, TerminalRow};
pub use trusted_devices::{DeviceHash, TRUSTED_DEVICES_MAX, TrustedDeviceRow};
pub use users::{User, UserListing};

use std::{path::Path, time::Duration};

use sqlx::{
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// How long a request waits for a connection or a lock of the database before it fails.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that only read the embedded database.
const SQLITE_READERS: u32 = 4;
/// Connections that search the audit log of the embedded database. Apart, so that other requests never wait for them.
const SQLITE_SEARCHERS: u32 = 2;
/// Limits the time of one statement of a search on a PostgreSQL server, in milliseconds.
const POSTGRES_STATEMENT_LIMIT: &str = "SET LOCAL statement_timeout = 2000";
/// Connections to a PostgreSQL server.
const POSTGRES_CONNECTIONS: u32 = 12;

/// A failed operation of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer or rejected the statement.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The file of the embedded database cannot be created.
    #[error("the database file cannot be created")]
    File(#[from] std::io::Error),
}

impl StoreError {
    /// Whether the disk is full, read-only or defective, so that a retry does not help. (SQLite's primary result codes
    /// READONLY, IOERR and FULL; PostgreSQL's 53100.)
    pub fn is_unwritable(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| match code.parse::<i64>() {
            Ok(53100) => true,
            Ok(number) => matches!(number & 0xff, 8 | 10 | 13) && number < 10_000,
            Err(_) => false,
        })
    }

    /// Whether a table is missing: the database has no schema yet. (PostgreSQL's 42P01; SQLite has no specific code.)
    fn lacks_table(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code == "42P01") || error.message().starts_with("no such table")
    }

    /// Whether a unique constraint was violated: the name is taken.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(e)) if e.is_unique_violation())
    }
}

/// A database: embedded SQLite, or a PostgreSQL server. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file in the data directory.
    Sqlite {
        /// One connection, for transactions that may write.
        writer: sqlx::SqlitePool,
        /// Connections for transactions that only read.
        readers: sqlx::SqlitePool,
        /// Connections for searches of the audit log.
        searchers: sqlx::SqlitePool,
    },
    /// A pool of connections to a server.
    Postgres(sqlx::PgPool),
}

/// A transaction. It is rolled back when it is dropped without [`Tx::commit`].
#[derive(Debug)]
pub enum Tx {
    /// A transaction of the embedded database.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// A transaction of a PostgreSQL server.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Tx {
    /// Commits. Both databases have written the changes to disk when this returns.
    ///
    /// # Errors
    /// When the commit failed, or when the connection was lost and its result is unknown.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Db {
    /// Opens or creates the embedded database (mode 0600) and migrates its schema.
    ///
    /// # Errors
    /// [`StoreError`]; a database from a newer version is rejected.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Created before SQLite opens it, so that the file is private from the start.
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(DATABASE_TIMEOUT);
        let pool = |n| SqlitePoolOptions::new().max_connections(n).acquire_timeout(DATABASE_TIMEOUT);
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await?;
        let readers = pool(SQLITE_READERS).connect_with(options.clone().read_only(true)).await?;
        let searchers = pool(SQLITE_SEARCHERS).connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { writer, readers, searchers })
    }

    /// Connects to a PostgreSQL server and migrates its schema.
    ///
    /// # Errors
    /// [`StoreError`]; a database from a newer version is rejected.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        // A lock that was acknowledged is on disk, whatever the default of the database server is.
        let options = url.parse::<PgConnectOptions>()?.options([("synchronous_commit", "on")]);
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(DATABASE_TIMEOUT)
            .connect_with(options)
            .await?;
        sqlx::migrate!("migrations/postgres").run(&pool).await?;
        Ok(Self::Postgres(pool))
    }

    /// Kind, version and state of the schema of an existing embedded database, as text. Changes nothing.
    pub async fn inspect_sqlite(path: &Path) -> Result<String, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(DATABASE_TIMEOUT);
        let readers =
            SqlitePoolOptions::new().max_connections(1).acquire_timeout(DATABASE_TIMEOUT).connect_with(options).await?;
        Self::Sqlite { writer: readers.clone(), searchers: readers.clone(), readers }.inspect().await
    }

    /// Kind, version and state of the schema of a PostgreSQL database, as text. Changes nothing.
    pub async fn inspect_postgres(url: &str) -> Result<String, StoreError> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(DATABASE_TIMEOUT).connect(url).await?;
        Self::Postgres(pool).inspect().await
    }

    async fn inspect(self) -> Result<String, StoreError> {
        let version = self.version().await?;
        let mut tx = self.read().await?;
        let schema = match tx.is_set_up().await {
            Ok(_) => "readable",
            Err(error) if error.lacks_table() => "without tables; the first start makes them",
            Err(error) => return Err(error),
        };
        drop(tx);
        self.close().await;
        Ok(format!("{version}, {schema}"))
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads, on one snapshot.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Begins a transaction for a search of the audit log: it only reads, on one snapshot and on connections that no
    /// other request waits for.
    pub async fn read_audit(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { searchers, .. } => Ok(Tx::Sqlite(searchers.begin().await?)),
            Self::Postgres(_) => {
                let mut tx = self.read().await?;
                if let Tx::Postgres(tx) = &mut tx {
                    sqlx::query(POSTGRES_STATEMENT_LIMIT).execute(&mut **tx).await?;
                }
                Ok(tx)
            }
        }
    }

    /// Checks that the database accepts writes: begins a transaction that may write and reads a row. Changes nothing.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.begin().await?.is_set_up().await.map(drop)
    }

    /// Kind and version, for administrators.
    pub async fn version(&self) -> Result<String, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()").fetch_one(readers).await?;
                format!("sqlite {version}")
            }
            Self::Postgres(pool) => {
                let (version,): (String,) = sqlx::query_as("SHOW server_version").fetch_one(pool).await?;
                format!("postgresql {version}")
            }
        })
    }

    /// Closes every connection. SQLite then merges its write-ahead log into the database file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, searchers } => {
                searchers.close().await;
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lock that was acknowledged must be on disk, so that it is still set after a power failure.
    #[tokio::test]
    async fn sqlite_uses_a_write_ahead_log_and_syncs_each_commit() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
        let Db::Sqlite { writer, .. } = &db else { panic!("not embedded") };
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await.unwrap();
        let full: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(writer).await.unwrap();
        assert_eq!((mode.as_str(), full), ("wal", 2));
    }

    /// FINDINGS L10.
    #[tokio::test]
    async fn the_check_of_the_database_writes() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
        access::FactsSource::check_writable(&db).await.unwrap();
        let Db::Sqlite { writer, .. } = &db else { panic!("not embedded") };
        // Writes fail as on a full disk, and transactions still begin.
        let full = "CREATE TRIGGER full BEFORE UPDATE ON audit_head BEGIN SELECT RAISE(ABORT, 'full'); END";
        sqlx::query(full).execute(writer).await.unwrap();
        access::FactsSource::check_writable(&db).await.unwrap_err();
        db.ping().await.unwrap();
    }
}
