//! Watches the database: where it does not answer nobody can lock a terminal, so nobody may use one.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Cut, Cuts};
use crate::store::Db;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// Failures in a row that count; one may be a moment's load.
const FAILURES_MAX: u32 = 2;

/// Ends every lease when the database was away for [`FAILURES_MAX`] looks. Runs until the server goes away.
pub async fn watch(db: Db, cuts: Arc<Cuts>, shutdown: CancellationToken) {
    watch_every(EVERY, db, cuts, shutdown).await;
}

async fn watch_every(pause: Duration, db: Db, cuts: Arc<Cuts>, shutdown: CancellationToken) {
    let mut failures = 0;
    while shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        match db.ping().await {
            Ok(()) => failures = 0,
            Err(error) => {
                failures += 1;
                tracing::error!(%error, failures, "the database does not answer");
            }
        }
        if failures >= FAILURES_MAX {
            let terminals = cuts.every_terminal(Cut::Unavailable);
            if terminals > 0 {
                tracing::error!(terminals, "terminals are closed to everybody until the database answers");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{SessionId, TerminalId};
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn without_a_database_every_lease_ends() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
        let (cuts, shutdown) = (Arc::new(Cuts::default()), CancellationToken::new());
        let held = cuts.subscribe(SessionId::new(Uuid::nil()), TerminalId::new(Uuid::nil()));
        let short = Duration::from_millis(1);
        let watching = tokio::spawn(watch_every(short, db.clone(), cuts.clone(), shutdown.clone()));
        db.ping().await.unwrap();
        assert_eq!(held.0.reason(), None, "it answers");
        db.close().await;
        let ended = async {
            while held.0.reason().is_none() {
                tokio::time::sleep(short).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the lease ends");
        assert_eq!(held.0.reason(), Some(Cut::Unavailable));
        assert_eq!(held.1.reason(), None, "logins are not ended by it");
        shutdown.cancel();
        watching.await.unwrap();
    }
}
