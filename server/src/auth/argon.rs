//! Argon2id: parameters, memory, and the number of concurrent hashes.
//!
//! The memory of a hash is reused. Freed blocks of 19 MiB would stay in the allocator's arena of their thread, and a
//! burst of logins, spread over the threads for blocking work, would keep over a gigabyte.

use std::{sync::Mutex, time::Duration};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Bytes of one hash.
const OUTPUT: usize = 32;
/// Hashes computed at the same time.
const SLOTS_MAX: usize = 4;
static SLOTS: Semaphore = Semaphore::const_new(SLOTS_MAX);
/// Unused memory; at most one block per slot.
static IDLE_MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
/// Maximum wait for a slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(20);

/// A hash could not be computed or read.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// No slot was free in time.
    #[error("too many passwords are being checked")]
    Busy,
    /// The library failed, or the stored hash is invalid.
    #[error("the password hash failed: {0}")]
    Failed(String),
}

/// Memory for one hash at a time.
pub(super) struct Hasher {
    memory: Vec<Block>,
}

impl Hasher {
    /// Runs work on a thread for blocking work, when a slot is free. The work holds the slot until
    /// the hash is computed, even when the request is dropped.
    ///
    /// # Errors
    /// [`HashError::Busy`] when no slot is free in time, or the error of the work.
    pub(super) async fn run<T: Send + 'static>(
        work: impl FnOnce(&mut Self) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let slot = tokio::time::timeout(SLOT_TIMEOUT, SLOTS.acquire()).await.map_err(|_| HashError::Busy)?;
        let slot = slot.map_err(|_| HashError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let mut hasher = Self { memory: take_memory() };
            let done = work(&mut hasher);
            // Returned before the slot, so that there is never more memory than slots.
            return_memory(hasher.memory);
            drop(slot);
            done
        });
        done.await.map_err(|e| HashError::Failed(e.to_string()))?
    }

    /// The hash of a secret with this salt, with the current parameters.
    ///
    /// # Errors
    /// [`HashError::Failed`].
    pub(super) fn digest(&mut self, secret: &[u8], salt: &[u8]) -> Result<[u8; OUTPUT], HashError> {
        let mut out = [0; OUTPUT];
        self.hash_into(current_params()?, secret, salt, &mut out)?;
        Ok(out)
    }

    /// The PHC string of a secret with a random salt and the current parameters.
    ///
    /// # Errors
    /// [`HashError::Failed`].
    pub(super) fn phc(&mut self, secret: &[u8]) -> Result<String, HashError> {
        let salt = Salt::generate();
        let out = self.digest(secret, &salt)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&current_params()?).map_err(failed)?,
            salt: Some(salt),
            hash: Some(Output::new(&out).map_err(failed)?),
        };
        Ok(hash.to_string())
    }

    /// Verifies a secret against a PHC string, with the parameters of that string.
    ///
    /// # Errors
    /// [`HashError::Failed`] for an invalid string.
    pub(super) fn verify(&mut self, secret: &[u8], text: &str) -> Result<bool, HashError> {
        let stored = PasswordHash::new(text).map_err(failed)?;
        let supported =
            stored.algorithm == Algorithm::Argon2id.ident() && stored.version == Some(Version::V0x13.into());
        let (Some(salt), Some(expected), true) = (&stored.salt, &stored.hash, supported) else {
            return Err(HashError::Failed("the stored text is no argon2id of version 19".into()));
        };
        let params = Params::try_from(&stored).map_err(failed)?;
        let mut out = vec![0; expected.len()];
        self.hash_into(params, secret, salt, &mut out)?;
        Ok(out.ct_eq(expected.as_bytes()).into())
    }

    fn hash_into(&mut self, params: Params, secret: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashError> {
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let memory = self.memory.get_mut(..blocks).unwrap_or_default();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(secret, salt, out, memory)
            .map_err(failed)
    }
}

fn current_params() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, 1, None).map_err(failed)
}

fn failed(error: impl ToString) -> HashError {
    HashError::Failed(error.to_string())
}

fn take_memory() -> Vec<Block> {
    IDLE_MEMORY.lock().ok().and_then(|mut idle| idle.pop()).unwrap_or_default()
}

fn return_memory(memory: Vec<Block>) {
    if let Ok(mut idle) = IDLE_MEMORY.lock() {
        idle.push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_agree_with_those_of_the_library() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};
        let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, current_params().unwrap());
        let mut hasher = Hasher { memory: Vec::new() };
        let text = library.hash_password(b"a fine password").unwrap().to_string();
        assert!(hasher.verify(b"a fine password", &text).unwrap());
        assert!(!hasher.verify(b"a fine passwore", &text).unwrap());
        let text = hasher.phc(b"another one").unwrap();
        assert!(library.verify_password(b"another one", &PasswordHash::new(&text).unwrap()).is_ok());
    }

    #[test]
    fn reused_memory_does_not_change_hashes() {
        let mut used = Hasher { memory: Vec::new() };
        let first = used.digest(b"one", b"0123456789abcdef").unwrap();
        used.digest(b"two", b"fedcba9876543210").unwrap();
        assert_eq!(used.digest(b"one", b"0123456789abcdef").unwrap(), first);
    }

    #[test]
    fn an_invalid_phc_string_is_an_error() {
        let mut hasher = Hasher { memory: Vec::new() };
        for text in [
            "",
            "plain",
            "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1",
        ] {
            assert!(hasher.verify(b"x", text).is_err(), "{text}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_burst_keeps_at_most_one_memory_block_per_slot() {
        let many: Vec<_> =
            (0..12u8).map(|n| tokio::spawn(Hasher::run(move |h| h.digest(&[n], b"0123456789abcdef")))).collect();
        for one in many {
            one.await.unwrap().unwrap();
        }
        assert!(IDLE_MEMORY.lock().unwrap().len() <= SLOTS_MAX);
    }
}
