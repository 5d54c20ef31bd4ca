//! Errors of the verification of a code. Their texts are in `problem`.

use secrets::KeyError;
use store::StoreError;

use crate::auth::password::HashError;

/// The format of a submitted code. The user knows it, so the text of the problem may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFormat {
    /// Six digits.
    Totp,
    /// Any text, when the first code of a new secret is confirmed.
    FirstTotp,
    /// Sixteen characters of base32.
    Recovery,
    /// Neither format.
    Unknown,
}

/// Why a code was rejected.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// Wrong, used or too old. Responses do not say which.
    #[error("the code is wrong")]
    Wrong(CodeFormat),
    /// Too many failures before this one; seconds to wait. The code was not checked.
    #[error("too many wrong codes; wait {0} s")]
    Throttled(u64),
    /// Too many failures: six-digit codes are rejected until a recovery code is used.
    #[error("too many wrong codes; the factor is stopped")]
    Stopped,
    /// The account has no confirmed factor.
    #[error("the account has no factor")]
    NoFactor,
    /// No secret waits for its first code, or it expired.
    #[error("no enrolment is under way")]
    NothingPending,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret could not be decrypted.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The recovery code could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}
