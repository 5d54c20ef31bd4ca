//! Secrets in memory and at rest: a wrapper type, and a keyring that encrypts ("seals") values for the database.
//!
//! A [`Secret`] has no `Serialize`, `Display` or `PartialEq`: it cannot be logged, sent or compared by accident.

use std::{collections::BTreeMap, fmt, io::Write as _, path::Path};

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use data_encoding::HEXLOWER;
use zeroize::{Zeroize, Zeroizing};

/// A secret value. It is overwritten with zeros when dropped, and its `Debug` output does not contain it.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a secret.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret itself. Do not store copies of it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// An unusable key file or sealed value.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file cannot be read or written.
    #[error("the key file {0} cannot be used")]
    File(String, #[source] std::io::Error),
    /// The key file is not `id:64 hexadecimal digits` lines.
    #[error("the key file {0} is damaged; restore it from a backup, or reset every second factor")]
    Damaged(String),
    /// The key does not exist: the key file is older than the database, or belongs to another one.
    #[error("the key {0} is not in the key file")]
    UnknownKey(String),
    /// The sealed value was modified, or belongs to another account or field; or the value is too long to be sealed.
    #[error("a value cannot be sealed or unsealed")]
    CipherFailed,
}

/// Keys that encrypt secrets at rest with XChaCha20-Poly1305. New values are sealed with the newest key; older keys
/// remain, to unseal values that were sealed with them.
pub struct Keyring {
    keys: BTreeMap<String, Zeroizing<[u8; 32]>>,
    newest: String,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

/// A keyring with one new random key, which is not stored (for tests and tools).
impl Default for Keyring {
    fn default() -> Self {
        // A random id, so that a new key is not mistaken for one that was lost.
        let id = format!("k{}", HEXLOWER.encode(&rand::random::<[u8; 4]>()));
        Self { keys: BTreeMap::from([(id.clone(), random_key())]), newest: id }
    }
}

fn random_key() -> Zeroizing<[u8; 32]> {
    Zeroizing::new(rand::random())
}

/// A sealed value with the id of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Id of the key.
    pub key_id: String,
    /// 24 bytes nonce, then the ciphertext with its tag.
    pub bytes: Vec<u8>,
}

impl Keyring {
    /// Reads the key file, or creates it (mode 0600) if it does not exist.
    ///
    /// # Errors
    /// [`KeyError::File`] and [`KeyError::Damaged`]. A damaged file is never replaced.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&Zeroizing::new(text)).ok_or(KeyError::Damaged(name)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let ring = Self::default();
                ring.write_new(path).map_err(|e| KeyError::File(name, e))?;
                Ok(ring)
            }
            Err(e) => Err(KeyError::File(name, e)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut ring = Self { keys: BTreeMap::new(), newest: String::new() };
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let (id, hex) = line.trim().split_once(':')?;
            let bytes = Zeroizing::new(HEXLOWER.decode(hex.as_bytes()).ok()?);
            ring.keys.insert(id.to_owned(), Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?));
            id.clone_into(&mut ring.newest);
        }
        (!ring.keys.is_empty()).then_some(ring)
    }

    /// Writes and syncs the key file before a key is used. A secret whose key is lost in a crash cannot be unsealed.
    fn write_new(&self, path: &Path) -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        for (id, key) in &self.keys {
            let line = Zeroizing::new(format!("{id}:{}\n", HEXLOWER.encode(key.as_ref())));
            file.write_all(line.as_bytes())?;
        }
        file.sync_all()?;
        match path.parent() {
            Some(folder) => std::fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Seals `plain`. Unsealing it requires the same `context` (account and field).
    ///
    /// # Errors
    /// [`KeyError::CipherFailed`] when the value is too long for the cipher.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Sealed, KeyError> {
        let cipher = self.cipher(&self.newest)?;
        let nonce: [u8; 24] = rand::random();
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
            .map_err(|_| KeyError::CipherFailed)?;
        Ok(Sealed { key_id: self.newest.clone(), bytes: [nonce.as_slice(), &sealed].concat() })
    }

    /// Decrypts a sealed value.
    ///
    /// # Errors
    /// [`KeyError::UnknownKey`] and [`KeyError::CipherFailed`].
    pub fn unseal(&self, sealed: &Sealed, context: &[u8]) -> Result<Secret<Vec<u8>>, KeyError> {
        let cipher = self.cipher(&sealed.key_id)?;
        let (nonce, body) = sealed.bytes.split_first_chunk::<24>().ok_or(KeyError::CipherFailed)?;
        let plain = cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: context })
            .map_err(|_| KeyError::CipherFailed)?;
        Ok(Secret::new(plain))
    }

    fn cipher(&self, id: &str) -> Result<XChaCha20Poly1305, KeyError> {
        let key = self.keys.get(id).ok_or_else(|| KeyError::UnknownKey(id.to_owned()))?;
        XChaCha20Poly1305::new_from_slice(key.as_ref()).map_err(|_| KeyError::UnknownKey(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_is_unsealed_only_with_its_key_and_context() {
        let ring = Keyring::default();
        let sealed = ring.seal(b"secret", b"ada/totp").unwrap();
        assert_eq!(ring.unseal(&sealed, b"ada/totp").unwrap().reveal(), b"secret");
        assert!(matches!(ring.unseal(&sealed, b"bob/totp"), Err(KeyError::CipherFailed)));
        let mut modified = sealed.clone();
        *modified.bytes.last_mut().unwrap() ^= 1;
        assert!(matches!(ring.unseal(&modified, b"ada/totp"), Err(KeyError::CipherFailed)));
        assert!(matches!(Keyring::default().unseal(&sealed, b"ada/totp"), Err(KeyError::UnknownKey(_))));
    }

    #[test]
    fn the_key_file_is_private_and_is_read_again_unless_damaged() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let sealed = Keyring::open(&path).unwrap().seal(b"secret", b"x").unwrap();
        assert_eq!(Keyring::open(&path).unwrap().unseal(&sealed, b"x").unwrap().reveal(), b"secret");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "k1:short").unwrap();
        assert!(matches!(Keyring::open(&path), Err(KeyError::Damaged(_))));
    }

    #[test]
    fn debug_output_contains_no_secret() {
        assert_eq!(
            format!("{:?} {:?}", Secret::new(String::from("x")), Keyring::default()),
            "Secret(..) Keyring(1 keys)"
        );
    }
}
