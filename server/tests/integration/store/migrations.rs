//! The migration to desired state and phase, from a database of the schema before it.

use std::{borrow::Cow, path::Path};

use protocol::{SandboxId, TerminalId, terminals::Phase};
use sqlx::{migrate::Migrator, sqlite::SqlitePoolOptions};
use store::{Db, DesiredState, SandboxState};
use uuid::Uuid;

use crate::support::database::sandbox_of;

/// State, `launched` and reason in the old schema; then desired state, phase and whether a request is left.
type Row = (&'static str, bool, Option<&'static str>, DesiredState, Phase, bool);

const TERMINALS: [Row; 7] = [
    ("creating", false, None, DesiredState::Running, Phase::Starting, true),
    ("creating", true, None, DesiredState::Running, Phase::Starting, true),
    ("running", true, None, DesiredState::Running, Phase::Running, false),
    ("stopped", true, None, DesiredState::Stopped, Phase::Stopped, false),
    ("stopped", true, Some(r#"{"kind":"paused"}"#), DesiredState::Running, Phase::Paused, false),
    ("failed", false, Some(r#"{"kind":"engine_refused"}"#), DesiredState::Running, Phase::Failed, false),
    ("deleting", true, None, DesiredState::Deleted, Phase::Deleting, true),
];

fn id(number: usize) -> TerminalId {
    TerminalId::new(Uuid::from_u128(1 + number as u128))
}

/// A database file with the schema of version 5.
async fn database_of_version_5(file: &Path) -> sqlx::SqlitePool {
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let pool = SqlitePoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/store/migrations/sqlite");
    let mut migrator = Migrator::new(folder).await.unwrap();
    migrator.migrations = Cow::Owned(migrator.iter().filter(|m| m.version <= 5).cloned().collect());
    migrator.run(&pool).await.unwrap();
    pool
}

#[tokio::test]
async fn every_state_of_the_old_schema_has_its_phase_and_no_tombstone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rexec.db");
    let pool = database_of_version_5(&file).await;
    let owner = Uuid::from_u128(99);
    sqlx::query("INSERT INTO users (id, username, password_hash, role, created_at) VALUES ($1, 'ada', 'x', 'user', 0)")
        .bind(owner)
        .execute(&pool)
        .await
        .unwrap();
    for (number, (state, launched, reason, ..)) in TERMINALS.iter().enumerate() {
        sqlx::query(
            "INSERT INTO terminals (id, owner_id, name, hostname, image, tier, profile, egress, state, created_at,
                last_active_at, generation, launched, reason)
             VALUES ($1, $2, 'x', 'x', 'debian', 'small', 'standard', 'open', $3, 0, 0, 3, $4, $5)",
        )
        .bind(id(number).uuid())
        .bind(owner)
        .bind(state)
        .bind(launched)
        .bind(reason)
        .execute(&pool)
        .await
        .unwrap();
    }
    // Migration 5 wrote tombstones for failed creations, also of terminals whose record was kept.
    let removed = SandboxId::new(Uuid::from_u128(77));
    for tombstone in [id(5).uuid(), removed.uuid()] {
        sqlx::query("INSERT INTO tombstones (terminal_id, removed_at, proof) VALUES ($1, 0, 'x')")
            .bind(tombstone)
            .execute(&pool)
            .await
            .unwrap();
    }
    pool.close().await;

    let db = Db::sqlite(&file).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for (number, (state, launched, _, desired, phase, requested)) in TERMINALS.into_iter().enumerate() {
        let row = tx.terminal(id(number)).await.unwrap().unwrap();
        assert_eq!((row.desired, row.phase, row.has_request()), (desired, phase, requested), "{state}");
        let sandbox = if launched { SandboxState::Assigned } else { SandboxState::Creating };
        assert_eq!((row.sandbox.id, row.sandbox.state), (sandbox_of(row.id), sandbox), "{state}");
        assert!(!tx.has_tombstone(row.sandbox.id).await.unwrap(), "{state}: its home is kept");
    }
    assert!(tx.has_tombstone(removed).await.unwrap());
    tx.commit().await.unwrap();
    db.close().await;
}
