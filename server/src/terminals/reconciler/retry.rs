//! Repetition of writes that record what has happened on the engine.

use std::time::Duration;

use store::StoreError;

/// Attempts of one write. After the last one a later round repeats the operation.
const ATTEMPTS_MAX: u32 = 5;
/// Delay after the first attempt. It grows by the same time after each further one.
const DELAY: Duration = Duration::from_millis(500);

/// Writes an outcome of the engine, and repeats the write while the database fails.
///
/// # Errors
/// The error of the last attempt.
pub(super) async fn retry_write<F, T>(write: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut attempts = 1;
    loop {
        match write().await {
            Err(error) if attempts == ATTEMPTS_MAX => {
                rates::limited!(suppressed => tracing::error!(suppressed, %error, "the end of an operation could not be recorded; the reconciler repeats it"));
                return Err(error);
            }
            Err(_) => tokio::time::sleep(DELAY * attempts).await,
            written => return written,
        }
        attempts += 1;
    }
}
