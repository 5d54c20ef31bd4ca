//! Passwords: rules, hashes, verification.
//!
//! Argon2id with 19 MiB, two passes, one lane (OWASP password storage), on threads for blocking work. The number of
//! concurrent hashes is limited, so that a flood of logins does not exhaust memory.

use std::{collections::HashSet, sync::OnceLock};

use protocol::{
    limits,
    names::{InvalidText, Username},
    password::check,
};
use secrets::Secret;

pub use super::argon::HashError;
use super::argon::Hasher;

/// The most common passwords of eight characters and more, one per line (ASVS 6.2.4), from public frequency lists.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

/// A hash with the current parameters and without a known password. Unknown names are verified against it.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cmV4ZWMtbm9ib2R5LXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The rule that a new password breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// A rule that the page checks too.
    #[error(transparent)]
    Rule(#[from] InvalidText),
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
    if SET.get_or_init(|| COMMON_PASSWORDS.lines().collect()).contains(password.to_lowercase().as_str()) {
        return Err(PasswordError::Common);
    }
    Ok(())
}

/// Hashes a new password; returns the PHC string to store.
///
/// # Errors
/// [`HashError`].
pub async fn hash(password: &str) -> Result<Secret<String>, HashError> {
    let password = Secret::new(password.to_owned());
    Hasher::run(move |hasher| hasher.phc(password.reveal().as_bytes()).map(Secret::new)).await
}

/// Verifies a password against a stored hash. Without a stored hash (unknown account) the same work is done, so that
/// timing does not reveal whether the account exists.
///
/// # Errors
/// [`HashError`].
pub async fn verify(password: &str, stored: Option<&Secret<String>>) -> Result<bool, HashError> {
    // Longer passwords are never stored; they take the same time as others.
    let not_truncated = password.chars().count() <= *limits::PASSWORD_CHARS.end();
    let password = Secret::new(password.chars().take(*limits::PASSWORD_CHARS.end()).collect::<String>());
    let known = stored.map(|hash| Secret::new(hash.reveal().clone()));
    Hasher::run(move |hasher| {
        let text = match &known {
            Some(hash) => hash.reveal().as_str(),
            None => DUMMY_HASH,
        };
        let matches = hasher.verify(password.reveal().as_bytes(), text)?;
        Ok(matches && known.is_some() && not_truncated)
    })
    .await
}

/// Argon2id of random values (recovery codes) with a given salt: 32 bytes, deterministic, so that the store can look
/// them up.
///
/// # Errors
/// [`HashError`].
pub async fn digest(secrets: Vec<Secret<String>>, salt: Vec<u8>) -> Result<Vec<Vec<u8>>, HashError> {
    Hasher::run(move |hasher| {
        let one = |secret: &Secret<String>| hasher.digest(secret.reveal().as_bytes(), &salt).map(Vec::from);
        secrets.iter().map(one).collect()
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_break_a_rule_are_rejected() {
        let ada = Username::parse("ada").unwrap();
        for bad in ["short", "password", "PASSWORD1", "zzzzzzzzzz", "xxada-lovelace", "rexec-rexec", &"x1".repeat(65)] {
            assert!(check_new(bad, &ada).is_err(), "{bad}");
        }
        for good in ["correct horse battery", "pässwörter sind länger", "tr0ub4dor&3x", "x y z 1 2 3"] {
            assert_eq!(check_new(good, &ada), Ok(()), "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_has_the_documented_parameters_and_matches_only_its_password() {
        let hash = hash("a fine password").await.unwrap();
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.reveal());
        assert!(verify("a fine password", Some(&hash)).await.unwrap());
        assert!(!verify("another password", Some(&hash)).await.unwrap());
        assert!(!verify("a fine password", None).await.unwrap());
        assert!(
            !verify("", Some(&Secret::new(DUMMY_HASH.to_owned()))).await.unwrap(),
            "an unknown name takes a whole hash"
        );
    }
}
