//! Macros that run one SQL text on both databases, and SQL fragments that several statements share.
//!
//! Statements use `$1` placeholders, native booleans, UUIDs as ids and integer milliseconds as times, which SQLite and
//! PostgreSQL both accept unchanged.

/// `execute!(tx, sql, bind...)`: runs a statement and evaluates to the number of affected rows.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => {
                sqlx::query::<sqlx::Sqlite>($sql)$(.bind($bind))*.execute(&mut **tx).await?.rows_affected()
            }
            $crate::Tx::Postgres(tx) => {
                sqlx::query::<sqlx::Postgres>($sql)$(.bind($bind))*.execute(&mut **tx).await?.rows_affected()
            }
        }
    };
}

/// `fetch!(how, tx, Row, sql, bind...)`: runs a query and evaluates to its rows as `Row`. `how` is `fetch_one`,
/// `fetch_optional` or `fetch_all` of sqlx.
macro_rules! fetch {
    ($how:ident, $tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => {
                sqlx::query_as::<sqlx::Sqlite, $row>($sql)$(.bind($bind))*.$how(&mut **tx).await?
            }
            $crate::Tx::Postgres(tx) => {
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($bind))*.$how(&mut **tx).await?
            }
        }
    };
}

/// Columns `idle_secs` and `absolute_end` of a login session `s` under the settings `o`: the stored times, shortened to
/// the current maximums. Sessions whose sign-in is incomplete are not shortened.
macro_rules! session_times {
    () => {
        "CASE WHEN s.kind = 'full' AND o.session_idle_secs < s.idle_secs
              THEN o.session_idle_secs ELSE s.idle_secs END AS idle_secs,
         CASE WHEN s.kind = 'full' AND s.created_at + o.session_absolute_secs * 1000 < s.absolute_end
              THEN s.created_at + o.session_absolute_secs * 1000 ELSE s.absolute_end END AS absolute_end"
    };
}

/// `SELECT` of grants with their times shortened to the current maximums. `$condition` is the `WHERE` clause.
macro_rules! grants_where {
    ($condition:literal) => {
        concat!(
            "SELECT g.user_id AS \"user\", g.session_id AS session, g.terminal_id AS terminal, g.epoch, g.granted_at,
                    g.last_input_at,
                    CASE WHEN o.grant_idle_secs < g.idle_secs
                         THEN o.grant_idle_secs ELSE g.idle_secs END AS idle_secs,
                    CASE WHEN g.granted_at + o.grant_absolute_secs * 1000 < g.absolute_end
                         THEN g.granted_at + o.grant_absolute_secs * 1000 ELSE g.absolute_end END AS absolute_end
             FROM grants g JOIN settings o ON o.id = 1 WHERE ",
            $condition
        )
    };
}

/// Columns of a terminal `t` with its sandbox `s`.
macro_rules! terminal_columns {
    () => {
        "t.id, t.owner_id, t.name, t.hostname, t.image, t.tier, t.profile, t.egress, t.desired, t.phase, t.mfa_locked,
         t.lock_epoch, t.reason, t.generation, t.observed_generation, t.created_at, t.last_active_at,
         s.id AS sandbox_id, s.state AS sandbox_state, s.tier AS sandbox_tier"
    };
}

/// `SELECT` of whole rows of a table, with its columns in one place. `$rest` is the `WHERE` or `ORDER BY` clause.
macro_rules! rows {
    (terminals, $rest:literal) => {
        concat!(
            "SELECT ",
            $crate::sql::terminal_columns!(),
            " FROM terminals t JOIN sandboxes s ON s.terminal_id = t.id ",
            $rest
        )
    };
    (users, $rest:literal) => {
        concat!(
            "SELECT id, username, password_hash, role, disabled, terminals_max, password_by_link FROM users ",
            $rest
        )
    };
    (user_listings, $rest:literal) => {
        concat!(
            "SELECT u.id, u.username, u.role, u.disabled, f.secret_enc IS NOT NULL AS mfa_enabled, u.terminals_max,
                    (SELECT COUNT(*) FROM terminals t WHERE t.owner_id = u.id) AS terminals,
                    u.created_at, u.last_login_at
             FROM users u LEFT JOIN factors f ON f.user_id = u.id ",
            $rest
        )
    };
    (audit_events, $rest:literal) => {
        concat!(
            "SELECT seq, at, event, outcome, actor, actor_id, subject_id, target, target_name, address, detail,
                    request_id, hash FROM audit_events ",
            $rest
        )
    };
    (images, $rest:literal) => {
        concat!("SELECT name, title, description, reference, enabled, is_default FROM images ", $rest)
    };
    (tiers, $rest:literal) => {
        concat!("SELECT name, title, memory_bytes, cpu_millis, is_default FROM tiers ", $rest)
    };
}

pub(super) use {execute, fetch, grants_where, rows, session_times, terminal_columns};
