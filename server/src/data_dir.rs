//! The data directory: accessible to the server's user only, and locked by one server at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use uuid::Uuid;

/// File with the public origin of the server.
const ORIGIN: &str = "origin";

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDataDir {
    /// It cannot be created, read or written.
    #[error("the data directory {0} cannot be used: {1}. Choose another with --data-dir, or mend its owner and mode.")]
    Io(PathBuf, #[source] io::Error),
    /// Another server holds the lock.
    #[error("another Rexec already serves from {0}. Stop it, or choose another directory with --data-dir.")]
    Locked(PathBuf),
    /// The instance file has no UUID.
    #[error("{0} does not hold a UUID. Restore it: containers are found by it.")]
    InvalidInstance(PathBuf),
}

/// An open data directory. The lock is held until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    instance: Uuid,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if needed (mode 0700), takes the lock, and reads or creates the instance id.
    ///
    /// # Errors
    /// [`InvalidDataDir`].
    pub fn open(path: &Path) -> Result<Self, InvalidDataDir> {
        let io = |e| InvalidDataDir::Io(path.to_owned(), e);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io)?;
        let path = path.canonicalize().map_err(io)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"));
        let lock = lock.map_err(|e| InvalidDataDir::Io(path.clone(), e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(InvalidDataDir::Locked(path)),
            Err(fs::TryLockError::Error(e)) => return Err(InvalidDataDir::Io(path, e)),
        }
        let instance = instance(&path.join("instance"))?;
        Ok(Self { path, instance, _lock: lock })
    }

    /// Absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Id of the instance. Several instances can share one engine; each uses only its own containers.
    pub fn instance(&self) -> Uuid {
        self.instance
    }

    /// Saves the public origin of the running server, for commands that print links.
    ///
    /// # Errors
    /// [`InvalidDataDir::Io`].
    pub fn save_origin(&self, origin: &str) -> Result<(), InvalidDataDir> {
        write_new(&self.path.join(ORIGIN), origin.as_bytes(), 0o600)
            .map_err(|e| InvalidDataDir::Io(self.path.clone(), e))
    }

    /// The public origin of the last server of this data directory; `None` when there was none.
    pub fn saved_origin(path: &Path) -> Option<String> {
        fs::read_to_string(path.join(ORIGIN)).ok().filter(|origin| !origin.is_empty())
    }

    /// Writes the guest program where the engine can mount it, and returns its path. It is replaced by renaming, so
    /// running guests keep their file.
    ///
    /// # Errors
    /// [`InvalidDataDir::Io`].
    pub fn install_guest(&self, guest: &[u8]) -> Result<PathBuf, InvalidDataDir> {
        let io = |e| InvalidDataDir::Io(self.path.clone(), e);
        let dir = self.path.join("guest");
        DirBuilder::new().recursive(true).mode(0o755).create(&dir).map_err(io)?;
        let (file, fresh) = (dir.join("rexec-guest"), dir.join("rexec-guest.new"));
        if fs::read(&file).is_ok_and(|old| old == guest) {
            return Ok(file);
        }
        write_new(&fresh, guest, 0o755).map_err(io)?;
        fs::rename(&fresh, &file).map_err(io)?;
        Ok(file)
    }
}

fn instance(file: &Path) -> Result<Uuid, InvalidDataDir> {
    match fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map_err(|_| InvalidDataDir::InvalidInstance(file.to_owned())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let id = Uuid::new_v4();
            write_new(file, id.hyphenated().to_string().as_bytes(), 0o600)
                .map_err(|e| InvalidDataDir::Io(file.to_owned(), e))?;
            Ok(id)
        }
        Err(e) => Err(InvalidDataDir::Io(file.to_owned(), e)),
    }
}

fn write_new(file: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let _ = fs::remove_file(file);
    let mut out = OpenOptions::new().create_new(true).write(true).mode(mode).open(file)?;
    out.set_permissions(fs::Permissions::from_mode(mode))?;
    out.write_all(bytes)?;
    out.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_holds_the_lock_and_the_instance_id_persists() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let first = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(InvalidDataDir::Locked(_))));
        let id = first.instance();
        assert_eq!(DataDir::saved_origin(&path), None);
        first.save_origin("http://127.0.0.1:1").unwrap();
        first.save_origin("http://127.0.0.1:2").unwrap();
        drop(first);
        assert_eq!(DataDir::open(&path).unwrap().instance(), id);
        assert_eq!(DataDir::saved_origin(&path).as_deref(), Some("http://127.0.0.1:2"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn the_guest_is_written_only_when_it_changed() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        let path = data.install_guest(b"one").unwrap();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(data.install_guest(b"one").unwrap(), path);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        data.install_guest(b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
