//! One SQL text, two databases: each macro writes the same call for SQLite and for PostgreSQL.
//!
//! Texts use `$1` placeholders, native booleans, UUIDs as ids and integer milliseconds as times; all of it runs
//! unchanged on both.

/// Runs a statement; gives the number of rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                sqlx::query::<sqlx::Sqlite>($sql)$(.bind($bind))*.execute(&mut **tx).await?.rows_affected()
            }
            $crate::store::Tx::Postgres(tx) => {
                sqlx::query::<sqlx::Postgres>($sql)$(.bind($bind))*.execute(&mut **tx).await?.rows_affected()
            }
        }
    };
}

/// Asks for rows of a type with one of sqlx's `fetch_one`, `fetch_optional`, `fetch_all`.
macro_rules! fetch {
    ($how:ident, $tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                sqlx::query_as::<sqlx::Sqlite, $row>($sql)$(.bind($bind))*.$how(&mut **tx).await?
            }
            $crate::store::Tx::Postgres(tx) => {
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($bind))*.$how(&mut **tx).await?
            }
        }
    };
}

pub(super) use {execute, fetch};
