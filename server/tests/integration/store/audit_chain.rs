//! The audit log: order, search, detection of tampering, retention.

use protocol::{Timestamp, UserId, names::Username};
use rexec::audit::{self, Actor, AuditEvent, Entry, Search};
use sqlx::AssertSqlSafe;
use store::Db;
use uuid::Uuid;

use crate::support::database;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// Runs statements that are not Rexec's.
pub(super) async fn tamper(db: &Db, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match db {
        Db::Sqlite { writer, .. } => sqlx::raw_sql(sql).execute(writer).await.map(drop).unwrap(),
        Db::Postgres(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop).unwrap(),
    }
}

#[tokio::test]
async fn concurrent_writers_produce_one_chain() {
    for t in database::each().await {
        let log = t.audit_log();
        let writers = (0..40).map(|i| {
            let log = log.clone();
            tokio::spawn(async move {
                let entry = Entry::new(AuditEvent::Login).detail("n", i);
                audit::record(&log, NOW, &Actor::system(), entry).await.unwrap();
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let verdict = audit::verify(&log, &[]).await.unwrap().verdict;
        assert_eq!((verdict.intact, verdict.events), (true, 40), "{}", t.name);
    }
}

#[tokio::test]
async fn altered_removed_and_truncated_events_are_detected() {
    for t in database::each().await {
        let log = t.audit_log();
        let ada = UserId::new(Uuid::new_v4());
        let name = Username::parse("ada").unwrap();
        for i in 0..9 {
            let actor = Actor::system().known_as(ada, &name);
            audit::record(&log, NOW.plus_secs(i), &actor, Entry::new(AuditEvent::Logout).about_user(ada, &name))
                .await
                .unwrap();
        }
        let bad = async || audit::verify(&log, &[]).await.unwrap().verdict.first_bad_seq;
        assert_eq!(bad().await, None);
        tamper(&t.db, "UPDATE audit_events SET actor = 'eve' WHERE seq = 4").await;
        assert_eq!(bad().await, Some(4), "{}", t.name);
        tamper(&t.db, "UPDATE audit_events SET actor = 'ada' WHERE seq = 4").await;
        assert_eq!(bad().await, None);
        tamper(&t.db, "DELETE FROM audit_events WHERE seq = 9").await;
        assert_eq!(bad().await, Some(9), "truncation is detected");
        tamper(&t.db, "DELETE FROM audit_events WHERE seq = 2").await;
        assert_eq!(bad().await, Some(2));
    }
}

#[tokio::test]
async fn events_are_paginated_and_pruning_keeps_the_chain_intact() {
    for t in database::each().await {
        let log = t.audit_log();
        let (ada, bob) = (UserId::new(Uuid::new_v4()), UserId::new(Uuid::new_v4()));
        let name = |n: &str| Username::parse(n).unwrap();
        for i in 0..10 {
            let (id, who) = if i % 2 == 0 { (ada, name("ada")) } else { (bob, name("bob")) };
            let entry =
                Entry::new(if i == 4 { AuditEvent::MfaReset } else { AuditEvent::Login }).about_user(ada, &name("ada"));
            audit::record(&log, NOW.plus_secs(i), &Actor::system().known_as(id, &who), entry).await.unwrap();
        }
        let seqs = async |what: Search, before| {
            let page = audit::search(&t.db, &what, before, 3).await.unwrap();
            (page.items.iter().map(|e| e.seq).collect::<Vec<_>>(), page.next.map(|seq| seq.parse::<i64>().unwrap()))
        };
        assert_eq!(seqs(Search::default(), None).await, (vec![10, 9, 8], Some(8)), "{}", t.name);
        assert_eq!(seqs(Search::default(), Some(3)).await, (vec![2, 1], None));
        let of_bob = Search { actor: Some("bob".into()), ..Search::default() };
        assert_eq!(seqs(of_bob, None).await, (vec![10, 8, 6], Some(6)));
        let concerning = Search { concerning: Some(bob), ..Search::default() };
        assert_eq!(seqs(concerning, Some(4)).await, (vec![2], None), "nobody sees what is not about them");
        let reset = Search { event: Some("mfa_reset".into()), from: Some(NOW), ..Search::default() };
        assert_eq!(seqs(reset, None).await, (vec![5], None));

        let mut tx = t.db.begin().await.unwrap();
        assert_eq!(audit::prune(&log, &mut tx, NOW.plus_secs(4)).await.unwrap(), 4);
        tx.commit().await.unwrap();
        let verdict = audit::verify(&log, &[]).await.unwrap().verdict;
        assert_eq!((verdict.intact, verdict.events), (true, 6));
        let (last, lines) = audit::export_after(&t.db, 0, 500).await.unwrap().unwrap();
        assert_eq!((last, lines.lines().count()), (10, 6));
        let line: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!((line["event"].as_str(), line["hash"].as_str().map(str::len)), (Some("mfa_reset"), Some(64)));
    }
}
