//! The only SQL in the tree. Typed values in, typed values out; refuses to know why anything is read or written.
//!
//! Everything happens in a [`Tx`]. SQLite has one writing connection (`BEGIN IMMEDIATE`, so a transaction never finds
//! out late that it may not write) and a few reading ones; PostgreSQL has a pool.

mod audit;
mod catalogue;
mod factors;
mod facts;
mod grants;
mod lifecycle;
mod links;
mod notices;
pub mod pages;
mod recovery;
mod sessions;
mod settings;
mod sql;
mod sqlx;
mod terminals;
mod users;

pub use audit::{AuditFilter, AuditHead, AuditRow};
pub use catalogue::{ImageRow, TierRow};
pub use factors::Factor;
pub use links::{LinkKind, OneTimeLinkRow};
pub use sessions::{LoginSession, NewSession, SessionKind};
pub use terminals::{TerminalListing, TerminalRow};
pub use users::{User, UserListing};

use std::{path::Path, time::Duration};

use sqlx::{
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// A request gives up after waiting this long for the database; it is answered with 503.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that only read the embedded database.
const SQLITE_READERS: u32 = 4;
/// Connections to a PostgreSQL server.
const POSTGRES_CONNECTIONS: u32 = 12;

/// The database could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer or refused.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The file of the embedded database cannot be made.
    #[error("the database file cannot be made")]
    File(#[from] std::io::Error),
}

impl StoreError {
    /// The disk below is full, read-only or broken: waiting does not help. (SQLite's primary result codes READONLY, IOERR,
    /// FULL; PostgreSQL's class 53100.)
    pub fn is_unwritable(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| match code.parse::<i64>() {
            Ok(53100) => true,
            Ok(number) => matches!(number & 0xff, 8 | 10 | 13) && number < 10_000,
            Err(_) => false,
        })
    }

    /// Nothing was ever made in this database. (PostgreSQL's 42P01; SQLite has no code of its own for it.)
    fn lacks_table(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code == "42P01") || error.message().starts_with("no such table")
    }

    /// Whether something of that name exists already.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(e)) if e.is_unique_violation())
    }
}

/// SQLite embedded, or PostgreSQL for scale. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file in the data directory.
    Sqlite {
        /// The one connection that writes.
        writer: sqlx::SqlitePool,
        /// The ones that only read.
        readers: sqlx::SqlitePool,
    },
    /// A server.
    Postgres(sqlx::PgPool),
}

/// One transaction. Dropped without [`Tx::commit`], it never happened.
#[derive(Debug)]
pub enum Tx {
    /// On the embedded database.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// On a server.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Tx {
    /// Makes it durable (both databases have it on disk when this returns).
    ///
    /// # Errors
    /// When it did not happen, or when nobody can say.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Db {
    /// Opens or makes the embedded database (mode 0600) and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`]; a database from a newer version is refused.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Made by us first, so that it is private from its first byte.
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool = |n| SqlitePoolOptions::new().max_connections(n).acquire_timeout(PATIENCE);
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await?;
        let readers = pool(SQLITE_READERS).connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// Connects to a PostgreSQL server and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`]; a database from a newer version is refused.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        let pool =
            PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(PATIENCE).connect(url).await?;
        sqlx::migrate!("migrations/postgres").run(&pool).await?;
        Ok(Self::Postgres(pool))
    }

    /// Kind, version and schema of an embedded database that is there already. Changes nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn look_at_sqlite(path: &Path) -> Result<String, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(PATIENCE);
        let readers =
            SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect_with(options).await?;
        Self::Sqlite { writer: readers.clone(), readers }.looked_at().await
    }

    /// The same of a PostgreSQL server, where a schema may be missing.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn look_at_postgres(url: &str) -> Result<String, StoreError> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).connect(url).await?;
        Self::Postgres(pool).looked_at().await
    }

    async fn looked_at(self) -> Result<String, StoreError> {
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
    ///
    /// # Errors
    /// When the database does not answer in time.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads, on one snapshot.
    ///
    /// # Errors
    /// When the database does not answer in time.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Whether a change could be made now: a transaction that may write begins and sees a row. Changes nothing.
    ///
    /// # Errors
    /// When it could not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.begin().await?.is_set_up().await.map(drop)
    }

    /// Kind and version, for administrators.
    ///
    /// # Errors
    /// When the database does not answer.
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

    /// Closes every connection, so that the files are whole.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
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

    /// A lock that was acknowledged is on disk: a power cut takes nothing back.
    #[tokio::test]
    async fn the_embedded_database_writes_ahead_and_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
        let Db::Sqlite { writer, .. } = &db else { panic!("not embedded") };
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await.unwrap();
        let full: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(writer).await.unwrap();
        assert_eq!((mode.as_str(), full), ("wal", 2));
    }
}
