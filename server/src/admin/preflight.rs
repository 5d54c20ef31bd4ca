//! Whether data directory, keys, database and engine belong together, before anything is served. A lost or wrong one must
//! be told, not filled up with a new one: a fresh database would print a set-up link to other people's terminals.

use sandbox::EngineError;
use store::StoreError;

use crate::{mfa, services::Services};

/// Why the server does not start. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum Foreign {
    /// The database is of another instance.
    #[error(
        "the database records instance {database}, but the data directory is instance {ours}. Put back the database that belongs to \
         this directory; if only its file `instance` was lost, write {database} into it. Nothing was changed."
    )]
    Instance {
        /// Of the database.
        database: String,
        /// Of the data directory.
        ours: String,
    },
    /// The database is new; the terminals are not.
    #[error(
        "the database is empty, but {0} terminals of this data directory exist on the engine. Put the database back (rexec.db, with \
         its -wal and -shm files where they are there). To begin anew all the same, choose another --data-dir; the terminals stay \
         where they are. Nothing was changed."
    )]
    Emptied(usize),
    /// Factors are sealed with a key that is not there.
    #[error(
        "a second factor is sealed with a key ({0}) that is not in the file `keys` of the data directory. Put that file back: \
         without it nobody with MFA can sign in and no lock can be opened. Nothing was changed."
    )]
    NoKey(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Runtime(#[from] EngineError),
}

/// Compares them, and binds a new database to the instance.
///
/// # Errors
/// [`Foreign`], with what to do.
pub async fn check(services: &Services, instance: &str) -> Result<(), Foreign> {
    let mut tx = services.db.begin().await?;
    match tx.bound_to().await? {
        Some(database) if database != instance => {
            return Err(Foreign::Instance { database, ours: instance.to_owned() });
        }
        Some(_) => {}
        None => {
            if !tx.is_set_up().await? {
                let there = services.runtime.list().await?.len();
                if there > 0 {
                    return Err(Foreign::Emptied(there));
                }
            }
            tx.bind(instance).await?;
        }
    }
    for (user, sealed) in tx.sealed_secrets().await? {
        if !mfa::opens(&services.keys, user, &sealed) {
            return Err(Foreign::NoKey(sealed.key_id));
        }
    }
    Ok(tx.commit().await?)
}
