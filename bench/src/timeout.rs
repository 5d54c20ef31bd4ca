//! The time limit of each step of the bench.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Time limit of each step.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs `work` with [`STEP_TIMEOUT`].
///
/// # Errors
/// The error of `work`, or one that names the step `what` when it takes too long.
pub async fn with_timeout<T>(what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let expired = || format!("{what}: not done within {STEP_TIMEOUT:?}");
    tokio::time::timeout(STEP_TIMEOUT, work).await.with_context(expired)?
}
