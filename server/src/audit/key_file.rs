//! The file `audit-keys` of the data directory. It is written once at the first start, and again with each new key.
//!
//! A new key authenticates the head in the database, so file and database change together: the new file is written
//! beside the old one, the head is committed, and then the new file replaces the old one. A crash in between leaves a
//! new file that authenticates the head; the next start completes the replacement.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use store::{Db, StoreError};

use super::{AuditKeys, AuditLog};

const NAME: &str = "audit-keys";
const NEW_NAME: &str = "audit-keys.new";

/// Why the keys of the audit log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditKeyError {
    /// The file cannot be read or written.
    #[error("the keys of the audit log {0} cannot be used")]
    File(PathBuf, #[source] io::Error),
    /// The file has other content than keys.
    #[error("the keys of the audit log {0} are damaged; restore the file from a backup")]
    Damaged(PathBuf),
    /// There is no file, and this command does not create it.
    #[error("there is no {0}. Name the server's own directory with --data-dir; its first start creates the file.")]
    Missing(PathBuf),
    /// The database has a chain with a key, and there is no file.
    #[error(
        "{0} is missing, and the audit log was written with it. Restore it from a backup. If it is lost, \
         `rexec audit new-key` begins a new chain; the events before it can then no longer be verified."
    )]
    Lost(PathBuf),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Result<T> = std::result::Result<T, AuditKeyError>;

/// Reads the keys of a data directory, and changes nothing.
///
/// # Errors
/// [`AuditKeyError::Missing`] without a file, [`AuditKeyError::File`] and [`AuditKeyError::Damaged`].
pub fn read_keys(folder: &Path) -> Result<AuditKeys> {
    let path = folder.join(NAME);
    read(&path)?.ok_or(AuditKeyError::Missing(path))
}

fn read(path: &Path) -> Result<Option<AuditKeys>> {
    match fs::read_to_string(path).map(zeroize::Zeroizing::new) {
        Ok(text) => AuditKeys::parse(&text).map(Some).ok_or_else(|| AuditKeyError::Damaged(path.to_owned())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(AuditKeyError::File(path.to_owned(), e)),
    }
}

/// The keys of a data directory. Without a file they are new ones, which [`establish`] saves. Completes the replacement
/// of the file that a crash interrupted.
///
/// # Errors
/// [`AuditKeyError::File`], [`AuditKeyError::Damaged`] and [`AuditKeyError::Store`].
pub async fn open_keys(db: &Db, folder: &Path) -> Result<AuditKeys> {
    let head = db.read().await?.audit_head().await?;
    let current = read(&folder.join(NAME))?;
    if current.as_ref().is_none_or(|keys| !keys.authenticates(&head))
        && let Ok(Some(new)) = read(&folder.join(NEW_NAME))
        && new.authenticates(&head)
    {
        replace(folder)?;
        return Ok(new);
    }
    Ok(current.unwrap_or_else(|| AuditKeys::begin(&head)))
}

/// Saves new keys and authenticates the head with them; logs an error when the head is not the one that was written
/// with the saved keys. To be called before the first event is appended.
///
/// # Errors
/// [`AuditKeyError::Lost`], [`AuditKeyError::File`] and [`AuditKeyError::Store`].
pub async fn establish(log: &AuditLog, folder: &Path) -> Result<()> {
    let path = folder.join(NAME);
    let mut tx = log.db.begin().await?;
    let head = tx.lock_audit_head().await?;
    if path.exists() {
        if !log.keys.authenticates(&head) {
            tracing::error!("the end of the audit log was changed outside Rexec; see `rexec audit verify`");
        }
        return Ok(());
    }
    if head.mac.is_some() {
        return Err(AuditKeyError::Lost(path));
    }
    write_new(folder, &log.keys)?;
    tx.authenticate_audit_head(&log.keys.head_mac(&head)).await?;
    tx.commit().await?;
    replace(folder)
}

/// Makes a new key for the events from now on. The caller holds the lock of the data directory. Where the end of the
/// chain is not authentic, or the file is lost, verification begins at the new key, and the earlier events stay readable
/// only. Returns whether they can still be verified.
///
/// # Errors
/// [`AuditKeyError::File`], [`AuditKeyError::Damaged`] and [`AuditKeyError::Store`].
pub async fn renew_keys(db: &Db, folder: &Path) -> Result<bool> {
    let current = read(&folder.join(NAME))?;
    let mut tx = db.begin().await?;
    let mut head = tx.lock_audit_head().await?;
    let (keys, continues) = match current {
        Some(keys) if keys.authenticates(&head) => (keys.renewed(&head), true),
        None if head.mac.is_none() => (AuditKeys::begin(&head), true),
        _ => {
            (head.base_seq, head.base_hash) = (head.seq, head.hash.clone());
            tx.set_audit_base(head.base_seq, &head.base_hash).await?;
            (AuditKeys::begin(&head), false)
        }
    };
    write_new(folder, &keys)?;
    tx.authenticate_audit_head(&keys.head_mac(&head)).await?;
    tx.commit().await?;
    replace(folder)?;
    Ok(continues)
}

fn write_new(folder: &Path, keys: &AuditKeys) -> Result<()> {
    let path = folder.join(NEW_NAME);
    let written = || {
        let _ = fs::remove_file(&path);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        file.write_all(keys.text().as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|e| AuditKeyError::File(path.clone(), e))
}

fn replace(folder: &Path) -> Result<()> {
    let path = folder.join(NAME);
    let replaced = || {
        fs::rename(folder.join(NEW_NAME), &path)?;
        File::open(folder)?.sync_all()
    };
    replaced().map_err(|e| AuditKeyError::File(path.clone(), e))
}
