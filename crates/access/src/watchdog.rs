//! Checks the database: while no lock can be stored, no terminal may be used.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{FactsSource, Revocation, Revocations};

const INTERVAL: Duration = Duration::from_secs(2);
/// Consecutive failed checks that end the leases; a single failure may be caused by load.
const FAILURES_MAX: u32 = 2;

/// Ends every lease when the database failed [`FAILURES_MAX`] checks in a row. Runs until `shutdown`.
pub async fn watch_database(
    facts: Arc<dyn FactsSource>,
    revocations: Arc<dyn Revocations>,
    shutdown: CancellationToken,
) {
    let mut failures = 0;
    while shutdown.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        match facts.check_writable().await {
            Ok(()) => failures = 0,
            Err(error) => {
                failures += 1;
                tracing::error!(error = &error as &dyn std::error::Error, failures, "the database does not answer");
            }
        }
        if failures >= FAILURES_MAX {
            let terminals = revocations.revoke_all_terminals(Revocation::Unavailable);
            if terminals > 0 {
                tracing::error!(terminals, "closed all terminals until the database answers");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use protocol::{SessionId, TerminalId};

    use super::*;
    use crate::{Facts, FactsError, RevocationRegistry};

    #[derive(Debug, Default)]
    struct Database {
        unavailable: AtomicBool,
    }

    #[async_trait]
    impl FactsSource for Database {
        async fn facts(&self, _: SessionId, _: TerminalId) -> Result<Facts, FactsError> {
            Ok(Facts { session: None, terminal: None, grant: None })
        }

        async fn check_writable(&self) -> Result<(), FactsError> {
            if self.unavailable.load(Ordering::SeqCst) { Err(FactsError("unavailable".into())) } else { Ok(()) }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_database_every_lease_on_a_terminal_ends() {
        let (database, registry) = (Arc::new(Database::default()), Arc::new(RevocationRegistry::default()));
        let shutdown = CancellationToken::new();
        let subscription = registry.subscribe((SessionId::nil(), 0), TerminalId::nil());
        tokio::spawn(watch_database(database.clone(), registry.clone(), shutdown.clone()));
        tokio::time::sleep(INTERVAL * 10).await;
        assert_eq!(subscription.terminal.reason(), None, "it answers");
        database.unavailable.store(true, Ordering::SeqCst);
        tokio::time::sleep(INTERVAL * (FAILURES_MAX + 1)).await;
        assert_eq!(subscription.terminal.reason(), Some(Revocation::Unavailable));
        assert_eq!(subscription.session.reason(), None, "login sessions continue");
    }
}
