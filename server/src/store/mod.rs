//! The only SQL in the tree. Plain values in, plain values out.

mod facts;

pub use facts::{Facts, GrantFacts, SessionFacts, TerminalFacts};

use protocol::{SessionId, TerminalId};

/// The database could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer or refused.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// SQLite embedded, or PostgreSQL for scale.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file in the data directory.
    Sqlite(sqlx::SqlitePool),
    /// A server.
    Postgres(sqlx::PgPool),
}

impl Db {
    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop)?,
            Self::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// Reads what the gate decides on, in one transaction.
    ///
    /// # Errors
    /// When the database does not answer: the gate stays shut.
    pub async fn access_facts(&self, _session: SessionId, _terminal: TerminalId) -> Result<Facts, StoreError> {
        Ok(Facts { session: None, terminal: None, grant: None })
    }
}
