//! Errors of the use-cases of accounts. Their texts are in `problem`.

use access::Denied;
use secrets::KeyError;
use store::StoreError;

use crate::{
    auth::password::{HashError, PasswordError},
    mfa::CodeError,
};

/// A field of a request that takes a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordField {
    /// The password of a new account, or of a request that needs it again.
    Password,
    /// The current password, when it is changed.
    Current,
    /// The new password, when it is changed.
    New,
}

impl PasswordField {
    /// The field's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Current => "current",
            Self::New => "new",
        }
    }
}

/// Why a use-case of accounts failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Username or password is wrong, or the account is disabled. Responses do not say which.
    #[error("wrong credentials")]
    WrongCredentials,
    /// The current password of a logged-in user is wrong.
    #[error("wrong current password")]
    WrongPassword(PasswordField),
    /// Too many failures before this one; seconds to wait. The attempt was not checked.
    #[error("too many tries; wait {0} s")]
    Throttled(u64),
    /// The link or token is wrong, used or expired.
    #[error("the link is not valid any more")]
    StaleLink,
    /// The first administrator already exists.
    #[error("set up already")]
    SetUpAlready,
    /// The new password breaks a rule.
    #[error("bad password: {1}")]
    InvalidPassword(PasswordField, PasswordError),
    /// An invitation needs a username.
    #[error("the username is missing")]
    UsernameMissing,
    /// A reset link does not take a username.
    #[error("a reset link takes no username")]
    UsernameNotAllowed,
    /// Another account has the name.
    #[error("the name is taken")]
    NameTaken,
    /// The account has a factor and the request has no code.
    #[error("a code is needed")]
    CodeMissing,
    /// The code was rejected.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The login session ended during the request.
    #[error("the login has ended")]
    LoginEnded,
    /// The factor cannot be removed while terminals are locked.
    #[error("terminals are locked")]
    TerminalsLocked,
    /// The settings require a factor for every account.
    #[error("the organisation requires MFA")]
    MfaIsRequired,
    /// The user has no such login session.
    #[error("no such session")]
    NoSuchSession,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A secret could not be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<Denied> for AccountError {
    /// The only denial that accounts can get from the gate is an ended login session.
    fn from(_: Denied) -> Self {
        Self::LoginEnded
    }
}
