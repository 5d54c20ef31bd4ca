//! Passwords: the rule, the hash, the check. Refuses to know accounts.
//!
//! Argon2id with 19 MiB, two passes, one lane (OWASP password storage), away from the async threads, a few at a time:
//! a flood of sign-ins waits in line and does not take the memory of the machine.

use std::{collections::HashSet, sync::OnceLock, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use protocol::{limits, names::Username};
use tokio::sync::Semaphore;

use crate::secret::Secret;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Hashes computed at the same time.
static SLOTS: Semaphore = Semaphore::const_new(4);
/// A request that waits longer than this for a slot is answered with 503.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most common passwords of eight characters and more, one a line (ASVS 6.2.4), from public frequency lists.
const COMMON: &str = include_str!("common_passwords.txt");

/// A hash of the usual cost that no password is known for. Checking against it is what an unknown name costs.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cmV4ZWMtbm9ib2R5LXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

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

/// Whether a new password is good enough: 8 to 128 characters, not a common one, not the name. No composition rules.
///
/// # Errors
/// The sentence to show.
pub fn check_new(password: &str, username: &Username) -> Result<(), &'static str> {
    static SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let chars = password.chars().count();
    if chars < *limits::PASSWORD_CHARS.start() {
        return Err("A password has at least 8 characters; 15 or more are better. A few random words are fine.");
    }
    if chars > *limits::PASSWORD_CHARS.end() {
        return Err("A password has at most 128 characters.");
    }
    let plain = password.to_lowercase();
    let first = plain.chars().next();
    if plain.chars().all(|c| Some(c) == first) || SET.get_or_init(|| COMMON.lines().collect()).contains(plain.as_str())
    {
        return Err("That password is one of the first that an attacker tries. Choose another one.");
    }
    if plain.contains(username.as_str()) || (plain.contains("rexec") && chars < 15) {
        return Err("A password must not contain the username or the name of the product.");
    }
    Ok(())
}

/// Hashes a new password; gives the PHC text to store.
///
/// # Errors
/// [`HashError`].
pub async fn hash(password: &str) -> Result<Secret<String>, HashError> {
    let password = Secret::new(password.to_owned());
    off_thread(move || argon2().hash_password(password.reveal().as_bytes()).map(|h| Secret::new(h.to_string())))
        .await?
        .map_err(|e| HashError::Broken(e.to_string()))
}

/// Whether a password fits a stored hash. Without a stored hash (unknown account) the same work is done for nothing,
/// so that the time tells nothing.
///
/// # Errors
/// [`HashError`].
pub async fn fits(password: &str, stored: Option<&Secret<String>>) -> Result<bool, HashError> {
    // Longer ones cannot have been set; they cost what any other costs.
    let whole = password.chars().count() <= *limits::PASSWORD_CHARS.end();
    let password = Secret::new(password.chars().take(*limits::PASSWORD_CHARS.end()).collect::<String>());
    let known = stored.map(|hash| Secret::new(hash.reveal().clone()));
    let right = off_thread(move || {
        let text = match &known {
            Some(hash) => hash.reveal().as_str(),
            None => NOBODY,
        };
        let stored = PasswordHash::new(text).map_err(|e| HashError::Broken(e.to_string()))?;
        let right = argon2().verify_password(password.reveal().as_bytes(), &stored).is_ok();
        Ok(right && known.is_some())
    })
    .await?;
    right.map(|right| right && whole)
}

/// Argon2id of something that is random already (recovery codes), with a salt of the caller's: 32 bytes, the same for
/// the same input, so that a store can look it up.
///
/// # Errors
/// [`HashError`].
pub async fn digest(secrets: Vec<Secret<String>>, salt: Vec<u8>) -> Result<Vec<Vec<u8>>, HashError> {
    off_thread(move || {
        let one = |secret: &Secret<String>| {
            let mut out = vec![0u8; 32];
            argon2().hash_password_into(secret.reveal().as_bytes(), &salt, &mut out).map(|()| out)
        };
        secrets.iter().map(one).collect::<Result<Vec<_>, _>>().map_err(|e| HashError::Broken(e.to_string()))
    })
    .await?
}

fn argon2() -> Argon2<'static> {
    // These figures are within the library's bounds; its defaults are the same algorithm.
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
    let slot = tokio::time::timeout(PATIENCE, SLOTS.acquire()).await.map_err(|_| HashError::Busy)?;
    let _slot = slot.map_err(|_| HashError::Busy)?;
    tokio::task::spawn_blocking(work).await.map_err(|e| HashError::Broken(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_short_long_and_telling_passwords_are_refused() {
        let ada = Username::parse("ada").unwrap();
        for bad in ["short", "password", "PASSWORD1", "zzzzzzzzzz", "xxada-lovelace", "rexec-rexec", &"x1".repeat(65)] {
            assert!(check_new(bad, &ada).is_err(), "{bad}");
        }
        for good in ["correct horse battery", "pässwörter sind länger", "tr0ub4dor&3x", "x y z 1 2 3"] {
            assert_eq!(check_new(good, &ada), Ok(()), "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_names_the_documented_cost_and_fits_only_its_password() {
        let hash = hash("a fine password").await.unwrap();
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.reveal());
        assert!(fits("a fine password", Some(&hash)).await.unwrap());
        assert!(!fits("another password", Some(&hash)).await.unwrap());
        assert!(!fits("a fine password", None).await.unwrap());
        assert!(PasswordHash::new(NOBODY).is_ok(), "an unknown name costs a whole hash");
    }
}
