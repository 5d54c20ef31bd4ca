//! The audit log against somebody who can write the database (FINDINGS L11).

use std::path::Path;

use protocol::Timestamp;
use rexec::{
    admin::housekeeping,
    audit::{self, Actor, AuditEvent, AuditKeyError, AuditLog, Entry, Fault, Verification},
    commands,
    config::{self, Config, Raw},
    data_dir::DataDir,
    http::Bounds,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::{AuditHead, AuditRow, Db};

use super::audit_chain::tamper;
use crate::support::{
    database::{self, TestDb},
    server::TestServer,
};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

async fn append(log: &AuditLog, count: i64) {
    for n in 0..count {
        let mut tx = log.db().begin().await.unwrap();
        let entry = Entry::new(AuditEvent::Login).detail("n", n);
        log.append(&mut tx, NOW.plus_secs(n), &Actor::system(), entry).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn verify(log: &AuditLog) -> Verification {
    audit::verify(log, &[]).await.unwrap()
}

/// The value of a row as anybody can compute it: that of versions without keys. The details are the only optional field
/// of these rows.
fn unkeyed_value(previous: &[u8], row: &AuditRow) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(b"rexec audit 1");
    let mut field = |bytes: &[u8]| {
        digest.update([1]);
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    for bytes in [previous, &row.seq.to_be_bytes(), &row.at.to_be_bytes(), row.event.as_bytes(), row.outcome.as_bytes()]
    {
        field(bytes);
    }
    // Actor, its id, subject, target, its name, address.
    digest.update([0; 6]);
    digest.update([1]);
    let detail = row.detail.as_deref().unwrap().as_bytes();
    digest.update((detail.len() as u64).to_be_bytes());
    digest.update(detail);
    digest.update([0]);
    digest.finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn literal(db: &Db, bytes: &[u8]) -> String {
    match db {
        Db::Sqlite { .. } => format!("x'{}'", hex(bytes)),
        Db::Postgres(_) => format!("decode('{}', 'hex')", hex(bytes)),
    }
}

async fn head(db: &Db) -> AuditHead {
    db.read().await.unwrap().audit_head().await.unwrap()
}

async fn rows(db: &Db) -> Vec<AuditRow> {
    db.read().await.unwrap().audit_after(0, 1000).await.unwrap()
}

async fn write_head(db: &Db, head: &AuditHead) {
    let mac = head.mac.as_ref().map_or("NULL".to_owned(), |mac| literal(db, mac));
    let sql = format!("UPDATE audit_head SET seq = {}, hash = {}, mac = {mac}", head.seq, literal(db, &head.hash));
    tamper(db, &sql).await;
}

/// Changes the details of a row, and computes its value, those of all later rows and the head again, without the key.
async fn rewrite(db: &Db, seq: i64, detail: &str) {
    let before = rows(db).await;
    let mut previous = before.iter().find(|row| row.seq == seq - 1).map_or(Vec::new(), |row| row.hash.clone());
    for mut row in before.into_iter().filter(|row| row.seq >= seq) {
        if row.seq == seq {
            row.detail = Some(detail.to_owned());
        }
        previous = unkeyed_value(&previous, &row);
        let (detail, hash) = (row.detail.unwrap(), literal(db, &previous));
        tamper(db, &format!("UPDATE audit_events SET detail = '{detail}', hash = {hash} WHERE seq = {}", row.seq))
            .await;
    }
    write_head(db, &AuditHead { hash: previous, ..head(db).await }).await;
}

/// Removes the events after `seq`, and makes it the end.
async fn cut(db: &Db, seq: i64) {
    tamper(db, &format!("DELETE FROM audit_events WHERE seq > {seq}")).await;
    let hash = rows(db).await.last().map_or(Vec::new(), |row| row.hash.clone());
    write_head(db, &AuditHead { seq, hash, ..head(db).await }).await;
}

#[tokio::test]
async fn l11_a_chain_rewritten_without_the_key_is_detected() {
    for t in database::each().await {
        let log = t.audit_log();
        append(&log, 9).await;
        let intact = verify(&log).await.verdict;
        assert_eq!((intact.intact, intact.events, intact.keyed_from), (true, 9, 1), "{}", t.name);
        assert!(intact.head_authentic && !intact.truncated);
        rewrite(&t.db, 4, "forged=1").await;
        let found = verify(&log).await;
        assert_eq!(found.fault, Some(Fault::Event(4)), "{}", t.name);
        assert_eq!((found.verdict.intact, found.verdict.first_bad_seq), (false, Some(4)));
        assert!(!found.verdict.head_authentic);

        // The key is not only missing in the head: rows, too, have no value without it.
        write_head(&t.db, &AuditHead { mac: None, ..head(&t.db).await }).await;
        rewrite(&t.db, 1, "forged=2").await;
        assert_eq!(verify(&log).await.fault, Some(Fault::Event(1)), "{}", t.name);
    }
}

#[tokio::test]
async fn l11_a_cut_end_stays_detected_when_the_server_goes_on() {
    for t in database::each().await {
        for left in [6, 0] {
            let t = t.again().await;
            let log = t.audit_log();
            append(&log, 9).await;
            cut(&t.db, left).await;
            let found = verify(&log).await;
            assert_eq!(found.fault, Some(Fault::End(left)), "{} {left}", t.name);
            assert_eq!((found.verdict.truncated, found.verdict.first_bad_seq), (true, Some(left + 1)));
            append(&log, 2).await;
            assert!(verify(&log).await.verdict.truncated, "{} {left}", t.name);
            assert!(audit::checkpoint(&log, NOW).await.is_err(), "no checkpoint of it is made");
        }
    }
}

#[tokio::test]
async fn l11_events_of_versions_without_a_key_stay_verified_and_cannot_be_rewritten() {
    for t in database::each().await {
        // A chain of an earlier version: values without a key, and a head without a code.
        append(&t.audit_log(), 5).await;
        rewrite(&t.db, 1, "n=0").await;
        write_head(&t.db, &AuditHead { mac: None, ..head(&t.db).await }).await;

        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::new(t.db.clone(), audit::open_keys(&t.db, folder.path()).await.unwrap());
        audit::establish(&log, folder.path()).await.unwrap();
        append(&log, 4).await;
        let log = AuditLog::new(t.db.clone(), audit::open_keys(&t.db, folder.path()).await.unwrap());
        let found = verify(&log).await;
        assert_eq!((found.fault, found.verdict.events, found.verdict.keyed_from), (None, 9, 6), "{}", t.name);
        rewrite(&t.db, 2, "forged=1").await;
        assert_eq!(verify(&log).await.fault, Some(Fault::Rebuilt(5)), "{}", t.name);
    }
}

#[tokio::test]
async fn l11_a_checkpoint_detects_a_chain_rebuilt_or_cut_with_the_key() {
    for t in database::each().await {
        let log = t.audit_log();
        append(&log, 5).await;
        let earlier = head(&t.db).await;
        append(&log, 4).await;
        let kept = audit::checkpoint(&log, NOW).await.unwrap().to_string();

        // A process with the keys, and without the memory of the server.
        let log = t.audit_log();
        tamper(&t.db, "DELETE FROM audit_events WHERE seq > 5").await;
        write_head(&t.db, &earlier).await;
        let kept = audit::read_checkpoints(&log, &kept).unwrap();
        assert_eq!(verify(&log).await.fault, None, "the chain alone does not show it");
        let cut = audit::verify(&log, &kept).await.unwrap();
        assert_eq!((cut.fault, cut.verdict.truncated), (Some(Fault::Cut(5)), true), "{}", t.name);
        // Other events than before.
        append(&log, 1).await;
        append(&log, 8).await;
        assert_eq!(verify(&log).await.fault, None);
        let rebuilt = audit::verify(&log, &kept).await.unwrap();
        assert_eq!((rebuilt.fault, rebuilt.verdict.first_bad_seq), (Some(Fault::Rebuilt(9)), Some(9)), "{}", t.name);
    }
}

#[tokio::test]
async fn l11_the_server_compares_its_latest_checkpoint() {
    let t = database::sqlite().await;
    let log = t.audit_log();
    append(&log, 5).await;
    let earlier = head(&t.db).await;
    append(&log, 4).await;
    audit::checkpoint(&log, NOW).await.unwrap();
    tamper(&t.db, "DELETE FROM audit_events WHERE seq > 5").await;
    write_head(&t.db, &earlier).await;
    assert_eq!(verify(&log).await.fault, Some(Fault::Cut(5)));
    assert!(audit::checkpoint(&log, NOW).await.is_err());
}

#[tokio::test]
async fn l11_deletion_after_the_retention_does_not_hide_altered_events() {
    for t in database::each().await {
        let log = t.audit_log();
        append(&log, 9).await;
        tamper(&t.db, "UPDATE audit_events SET detail = 'forged=1' WHERE seq = 2").await;
        let mut tx = t.db.begin().await.unwrap();
        assert_eq!(audit::prune(&log, &mut tx, NOW.plus_secs(4)).await.unwrap(), 4);
        tx.commit().await.unwrap();
        append(&log, 1).await;
        assert_eq!(verify(&log).await.fault, Some(Fault::End(10)), "{}", t.name);
        tamper(&t.db, "DELETE FROM audit_events WHERE seq = 5").await;
        assert_eq!(verify(&log).await.fault, Some(Fault::Event(5)));
    }
}

fn config_of(folder: &Path) -> Config {
    config::check(Raw { data_dir: folder.to_str().map(str::to_owned), ..Raw::default() }).unwrap()
}

/// What the first start of a server writes beside the keys.
async fn bind_instance(t: &TestDb) {
    let instance = DataDir::open(t.folder.path()).unwrap().instance().to_string();
    let mut tx = t.db.begin().await.unwrap();
    tx.bind_instance(&instance).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_commands_verify_the_audit_log_with_checkpoints_and_make_new_keys() {
    let t = database::sqlite().await;
    let (config, file) = (config_of(t.folder.path()), t.folder.path().join("checkpoints"));
    let log = t.audit_log();
    append(&log, 3).await;
    std::fs::write(&file, audit::checkpoint(&log, NOW).await.unwrap().to_string()).unwrap();
    commands::audit::verify(&config, Some(&file)).await.unwrap();
    commands::audit::checkpoint(&config).await.unwrap();
    assert!(commands::audit::new_key(&config).await.is_err(), "the database has no instance yet");
    bind_instance(&t).await;
    commands::audit::new_key(&config).await.unwrap();
    commands::audit::verify(&config, Some(&file)).await.unwrap();
    let keys = audit::read_keys(t.folder.path()).unwrap();
    let found = verify(&AuditLog::new(t.db.clone(), keys)).await;
    assert_eq!((found.fault, found.verdict.events, found.verdict.keyed_from), (None, 4, 1), "old and new events");
    cut(&t.db, 1).await;
    let refused = commands::audit::verify(&config, Some(&file)).await.unwrap_err().to_string();
    assert!(refused.contains("the events after 1 are missing"), "{refused}");
    std::fs::write(&file, "no checkpoint").unwrap();
    assert!(commands::audit::verify(&config, Some(&file)).await.is_err());
}

#[tokio::test]
async fn a_lost_key_file_stops_the_start_until_a_new_chain_is_begun() {
    let t = database::sqlite().await;
    append(&t.audit_log(), 3).await;
    std::fs::remove_file(t.folder.path().join("audit-keys")).unwrap();
    let log = AuditLog::new(t.db.clone(), audit::open_keys(&t.db, t.folder.path()).await.unwrap());
    let refused = audit::establish(&log, t.folder.path()).await;
    assert!(matches!(refused, Err(AuditKeyError::Lost(_))), "{refused:?}");
    assert!(commands::audit::verify(&config_of(t.folder.path()), None).await.is_err(), "no file is created");
    bind_instance(&t).await;
    commands::audit::new_key(&config_of(t.folder.path())).await.unwrap();
    let log = AuditLog::new(t.db.clone(), audit::open_keys(&t.db, t.folder.path()).await.unwrap());
    audit::establish(&log, t.folder.path()).await.unwrap();
    append(&log, 2).await;
    let found = verify(&log).await;
    assert_eq!((found.fault, found.verdict.events, found.verdict.keyed_from), (None, 3, 4));
}

#[tokio::test]
async fn a_new_key_file_is_completed_after_a_crash_and_an_unused_one_is_not_taken() {
    use std::os::unix::fs::PermissionsExt as _;
    let t = database::sqlite().await;
    append(&t.audit_log(), 3).await;
    let (file, new) = (t.folder.path().join("audit-keys"), t.folder.path().join("audit-keys.new"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::rename(&file, &new).unwrap();
    std::fs::write(&file, "3::0000000000000000000000000000000000000000000000000000000000000000\n").unwrap();
    let log = AuditLog::new(t.db.clone(), audit::open_keys(&t.db, t.folder.path()).await.unwrap());
    assert!(verify(&log).await.verdict.intact && file.exists() && !new.exists());
    std::fs::write(&new, "3::0000000000000000000000000000000000000000000000000000000000000000\n").unwrap();
    let log = AuditLog::new(t.db.clone(), audit::open_keys(&t.db, t.folder.path()).await.unwrap());
    assert!(verify(&log).await.verdict.intact);
}

/// The database of the release binary of that version.
#[tokio::test]
async fn the_audit_log_of_version_0_1_0_is_verified_and_continued_with_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v0.1.0/data.tar.gz");
    let unpacked = std::process::Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status();
    assert!(unpacked.unwrap().success());
    let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
    let old = head(&db).await;
    assert!(old.seq > 0 && old.mac.is_none());
    let log = AuditLog::new(db.clone(), audit::open_keys(&db, folder.path()).await.unwrap());
    audit::establish(&log, folder.path()).await.unwrap();
    append(&log, 2).await;
    let found = verify(&log).await;
    assert_eq!((found.fault, found.verdict.events, found.verdict.keyed_from), (None, old.seq + 2, old.seq + 1));
    tamper(&db, "UPDATE audit_events SET actor = 'eve' WHERE seq = 1").await;
    assert_eq!(verify(&log).await.fault, Some(Fault::Event(1)));
    db.close().await;
}

#[tokio::test]
async fn checkpoints_are_appended_to_the_configured_file_and_the_verdict_names_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoints");
    let server = TestServer::with_bounds(Bounds::default(), database::sqlite().await, |config| {
        config.audit_checkpoint_file = Some(file.clone());
    })
    .await;
    let admin = server.admin().await;
    for _ in 0..2 {
        housekeeping::write_checkpoint(&server.services).await;
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let kept = audit::read_checkpoints(&server.services.audit, &text).unwrap();
    assert_eq!((kept.len(), kept[1].seq), (2, head(&server.services.db).await.seq));
    assert!(audit::verify(&server.services.audit, &kept).await.unwrap().verdict.intact);
    let verdict = admin.client.ok("GET", "/api/admin/audit/verify", Value::Null).await;
    let events = verdict["events"].clone();
    let expected = json!({
        "intact": true, "events": events, "first_bad_seq": null,
        "keyed_from": 1, "head_authentic": true, "truncated": false,
    });
    assert_eq!(verdict, expected);
}
