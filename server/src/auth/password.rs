//! Passwords: the rule, the hash, the check. Refuses to know accounts.
//!
//! Argon2id with 19 MiB, two passes, one lane (OWASP password storage), away from the async threads, a few at a time:
//! a flood of sign-ins waits in line and does not take the memory of the machine.

use std::{collections::HashSet, sync::OnceLock};

use protocol::{
    limits,
    names::{BadText, Username},
    password::check,
};
use secrets::Secret;

pub use super::argon::HashError;
use super::argon::Hasher;

/// The most common passwords of eight characters and more, one a line (ASVS 6.2.4), from public frequency lists.
const COMMON: &str = include_str!("common_passwords.txt");

/// A hash of the usual cost that no password is known for. Checking against it is what an unknown name costs.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cmV4ZWMtbm9ib2R5LXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The rule that a new password breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// A rule that the page checks too.
    #[error(transparent)]
    Rule(#[from] BadText),
    /// The password is in the list of common passwords.
    #[error("a common password")]
    Common,
}

/// Checks a new password: the rules that the page checks too, and the list of common passwords. There are no rules
/// about the kinds of characters.
///
/// # Errors
/// [`PasswordError`].
pub fn check_new(password: &str, username: &Username) -> Result<(), PasswordError> {
    static SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
    check(password, Some(username))?;
    if SET.get_or_init(|| COMMON.lines().collect()).contains(password.to_lowercase().as_str()) {
        return Err(PasswordError::Common);
    }
    Ok(())
}

/// Hashes a new password; gives the PHC text to store.
///
/// # Errors
/// [`HashError`].
pub async fn hash(password: &str) -> Result<Secret<String>, HashError> {
    let password = Secret::new(password.to_owned());
    Hasher::work(move |hasher| hasher.phc(password.reveal().as_bytes()).map(Secret::new)).await
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
    Hasher::work(move |hasher| {
        let text = match &known {
            Some(hash) => hash.reveal().as_str(),
            None => NOBODY,
        };
        let right = hasher.fits(password.reveal().as_bytes(), text)?;
        Ok(right && known.is_some() && whole)
    })
    .await
}

/// Argon2id of something that is random already (recovery codes), with a salt of the caller's: 32 bytes, the same for
/// the same input, so that a store can look it up.
///
/// # Errors
/// [`HashError`].
pub async fn digest(secrets: Vec<Secret<String>>, salt: Vec<u8>) -> Result<Vec<Vec<u8>>, HashError> {
    Hasher::work(move |hasher| {
        let one = |secret: &Secret<String>| hasher.digest(secret.reveal().as_bytes(), &salt).map(Vec::from);
        secrets.iter().map(one).collect()
    })
    .await
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
        assert!(!fits("", Some(&Secret::new(NOBODY.to_owned()))).await.unwrap(), "an unknown name costs a whole hash");
    }
}
