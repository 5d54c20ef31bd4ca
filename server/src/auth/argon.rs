//! Argon2id: the cost, the memory it works in, and how many at a time. Refuses to know what is hashed, and why.
//!
//! The memory of a hash is used again. Freed 19 MiB blocks would stay with whichever thread's arena had them, and a burst
//! of sign-ins, spread over the threads for blocking work, would keep over a gigabyte.

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
/// Memory nobody uses now; never more than there are slots.
static IDLE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
/// A request that waits longer than this for a slot is answered with 503.
const PATIENCE: Duration = Duration::from_secs(20);

/// A hash could not be computed or read.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// The library or the stored text failed.
    #[error("the password hash failed: {0}")]
    Broken(String),
}

/// Room for one hash after the other.
pub(super) struct Hasher {
    memory: Vec<Block>,
}

impl Hasher {
    /// Does work that needs hashes away from the async threads, when a slot is free. The slot is the work's: a request that
    /// goes away leaves it taken until the hash is done.
    ///
    /// # Errors
    /// [`HashError::Busy`] when no slot gets free in time, else what the work answers.
    pub(super) async fn work<T: Send + 'static>(
        work: impl FnOnce(&mut Self) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let slot = tokio::time::timeout(PATIENCE, SLOTS.acquire()).await.map_err(|_| HashError::Busy)?;
        let slot = slot.map_err(|_| HashError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let mut hasher = Self { memory: take_idle() };
            let done = work(&mut hasher);
            // Before the slot: so there is never more memory than slots.
            give_back(hasher.memory);
            drop(slot);
            done
        });
        done.await.map_err(|e| HashError::Broken(e.to_string()))?
    }

    /// The hash of a secret with this salt, at today's cost.
    ///
    /// # Errors
    /// [`HashError::Broken`].
    pub(super) fn digest(&mut self, secret: &[u8], salt: &[u8]) -> Result<[u8; OUTPUT], HashError> {
        let mut out = [0; OUTPUT];
        self.fill(today()?, secret, salt, &mut out)?;
        Ok(out)
    }

    /// The PHC text of a secret with a fresh salt, at today's cost.
    ///
    /// # Errors
    /// [`HashError::Broken`].
    pub(super) fn phc(&mut self, secret: &[u8]) -> Result<String, HashError> {
        let salt = Salt::generate();
        let out = self.digest(secret, &salt)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&today()?).map_err(broken)?,
            salt: Some(salt),
            hash: Some(Output::new(&out).map_err(broken)?),
        };
        Ok(hash.to_string())
    }

    /// Whether a secret fits a PHC text, at the cost which that text names.
    ///
    /// # Errors
    /// [`HashError::Broken`] for a text that is none of ours.
    pub(super) fn fits(&mut self, secret: &[u8], text: &str) -> Result<bool, HashError> {
        let stored = PasswordHash::new(text).map_err(broken)?;
        let ours = stored.algorithm == Algorithm::Argon2id.ident() && stored.version == Some(Version::V0x13.into());
        let (Some(salt), Some(expected), true) = (&stored.salt, &stored.hash, ours) else {
            return Err(HashError::Broken("the stored text is no argon2id of version 19".into()));
        };
        let params = Params::try_from(&stored).map_err(broken)?;
        let mut out = vec![0; expected.len()];
        self.fill(params, secret, salt, &mut out)?;
        Ok(out.ct_eq(expected.as_bytes()).into())
    }

    fn fill(&mut self, params: Params, secret: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashError> {
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let memory = self.memory.get_mut(..blocks).unwrap_or_default();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(secret, salt, out, memory)
            .map_err(broken)
    }
}

fn today() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, 1, None).map_err(broken)
}

fn broken(error: impl ToString) -> HashError {
    HashError::Broken(error.to_string())
}

fn take_idle() -> Vec<Block> {
    IDLE.lock().ok().and_then(|mut idle| idle.pop()).unwrap_or_default()
}

fn give_back(memory: Vec<Block>) {
    if let Ok(mut idle) = IDLE.lock() {
        idle.push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_itself_hashes_and_checks_agrees() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};
        let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, today().unwrap());
        let mut ours = Hasher { memory: Vec::new() };
        let text = theirs.hash_password(b"a fine password").unwrap().to_string();
        assert!(ours.fits(b"a fine password", &text).unwrap());
        assert!(!ours.fits(b"a fine passwore", &text).unwrap());
        let text = ours.phc(b"another one").unwrap();
        assert!(theirs.verify_password(b"another one", &PasswordHash::new(&text).unwrap()).is_ok());
    }

    #[test]
    fn memory_used_before_changes_no_hash() {
        let mut used = Hasher { memory: Vec::new() };
        let first = used.digest(b"one", b"0123456789abcdef").unwrap();
        used.digest(b"two", b"fedcba9876543210").unwrap();
        assert_eq!(used.digest(b"one", b"0123456789abcdef").unwrap(), first);
    }

    #[test]
    fn a_text_of_another_kind_is_an_error() {
        let mut hasher = Hasher { memory: Vec::new() };
        for text in [
            "",
            "plain",
            "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1",
        ] {
            assert!(hasher.fits(b"x", text).is_err(), "{text}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_burst_keeps_no_more_memory_than_there_are_slots() {
        let many: Vec<_> =
            (0..12u8).map(|n| tokio::spawn(Hasher::work(move |h| h.digest(&[n], b"0123456789abcdef")))).collect();
        for one in many {
            one.await.unwrap().unwrap();
        }
        assert!(IDLE.lock().unwrap().len() <= SLOTS_MAX);
    }
}
