//! Checks before the server starts: data directory, keys, database and engine must belong to the same instance. A
//! missing or wrong one is an error and is not replaced, because an empty database would print a set-up link that
//! gives access to an instance with existing terminals.

use sandbox::EngineError;
use store::StoreError;

use crate::{mfa, services::Services};

/// Why the server does not start. Nothing was changed. The sentences for the operator are in `problem`.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// The database belongs to another instance.
    #[error("the database belongs to instance {database}, the data directory to {ours}")]
    Instance {
        /// Instance of the database.
        database: String,
        /// Instance of the data directory.
        ours: String,
    },
    /// The database is empty, but the engine has terminals of this instance; their number.
    #[error("the database is empty and {0} terminals exist")]
    Emptied(usize),
    /// A factor is sealed with a missing key; its id.
    #[error("the key {0} is missing")]
    NoKey(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Runs the checks, and binds a new database to the instance.
///
/// # Errors
/// [`PreflightError`].
pub async fn check(services: &Services, instance: &str) -> Result<(), PreflightError> {
    let mut tx = services.db.begin().await?;
    match tx.bound_instance().await? {
        Some(database) if database != instance => {
            return Err(PreflightError::Instance { database, ours: instance.to_owned() });
        }
        Some(_) => {}
        None => {
            if !tx.is_set_up().await? {
                let terminals = services.engine.list().await?.len();
                if terminals > 0 {
                    return Err(PreflightError::Emptied(terminals));
                }
            }
            tx.bind_instance(instance).await?;
        }
    }
    for (user, sealed) in tx.sealed_secrets().await? {
        if !mfa::can_decrypt(&services.keys, user, &sealed) {
            return Err(PreflightError::NoKey(sealed.key_id));
        }
    }
    Ok(tx.commit().await?)
}
