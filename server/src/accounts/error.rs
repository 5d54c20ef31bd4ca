//! Why something with an account was refused.

use access::Denied;
use protocol::{Problem, ProblemKind};
use secrets::KeyError;
use store::StoreError;

use crate::problem::ToProblem as _;
use crate::{auth::password::HashError, mfa::CodeRefused};

/// A refusal. Each has one sentence of why and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Username or password is wrong, or the account is disabled; which one is never said.
    #[error("wrong credentials")]
    WrongCredentials,
    /// The present password, asked for again, is wrong.
    #[error("wrong present password")]
    WrongPassword(&'static str),
    /// Not looked at; seconds to wait.
    #[error("too many tries; wait {0} s")]
    Throttled(u64),
    /// The link or token is wrong, used or over.
    #[error("the link is not valid any more")]
    StaleLink,
    /// The first administrator exists.
    #[error("set up already")]
    SetUpAlready,
    /// The new password is not good enough; field and sentence.
    #[error("bad password: {1}")]
    BadPassword(&'static str, &'static str),
    /// A name is needed to join, and must not be given for a reset.
    #[error("the username does not fit the link")]
    UsernameDoesNotFit(&'static str),
    /// Somebody has that name.
    #[error("the name is taken")]
    NameTaken,
    /// The account has a factor, and no code was given.
    #[error("a code is needed")]
    CodeMissing,
    /// The code proves nothing.
    #[error(transparent)]
    Code(#[from] CodeRefused),
    /// The login session ended meanwhile.
    #[error("the login has ended")]
    LoginEnded,
    /// The factor must stay while terminals are locked with it.
    #[error("terminals are locked")]
    TerminalsLocked,
    /// The organisation asks every account for a factor.
    #[error("the organisation requires MFA")]
    MfaIsRequired,
    /// No such session, or somebody else's.
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

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        use AccountError as E;
        let say = |kind, why: &str| Self::new(kind, why);
        match error {
            E::WrongCredentials => {
                say(ProblemKind::WrongCredentials, "Check both and try again. Names are lower case.")
            }
            E::WrongPassword(field) => {
                say(ProblemKind::WrongCredentials, "Your present password is not right. Type it again.").at(field)
            }
            E::Throttled(secs) => say(
                ProblemKind::Throttled,
                &format!("There were too many wrong tries. Wait {secs} seconds, then try again."),
            )
            .retry_after(secs),
            E::StaleLink => say(
                ProblemKind::StaleLink,
                "It was used, taken back, or is too old. Ask for a new one; a set-up link is printed at each start.",
            ),
            E::SetUpAlready => say(ProblemKind::Conflict, "The first administrator exists already. Sign in."),
            E::BadPassword(field, why) => say(ProblemKind::Unprocessable, why).at(field),
            E::UsernameDoesNotFit(why) => say(ProblemKind::Unprocessable, why).at("username"),
            E::NameTaken => say(ProblemKind::Conflict, "Somebody has that name. Choose another one.").at("username"),
            E::CodeMissing => {
                say(ProblemKind::WrongCode, "This account has MFA: give a code of your authenticator app too.")
                    .at("code")
            }
            E::Code(refused) => refused.problem(),
            E::LoginEnded => say(ProblemKind::NotLoggedIn, "Your login has ended. Sign in again."),
            E::TerminalsLocked => say(
                ProblemKind::TerminalsLocked,
                "Unlock or delete your locked terminals first; without a factor nobody could open them.",
            ),
            E::MfaIsRequired => {
                say(ProblemKind::Conflict, "Your organisation asks every account for MFA. You can replace the factor.")
            }
            E::NoSuchSession => say(ProblemKind::NotFound, "There is no such session. It may have ended already."),
            E::Store(e) => e.problem(),
            E::Hash(HashError::Busy) => {
                say(ProblemKind::Unavailable, "Too many people are signing in at once. Try again in a moment.")
                    .retry_after(5)
            }
            E::Hash(e @ HashError::Broken(_)) => internal(&e),
            E::Key(e) => internal(&e),
        }
    }
}

impl From<Denied> for AccountError {
    /// Use-cases of accounts ask the gate for the login session only.
    fn from(_: Denied) -> Self {
        Self::LoginEnded
    }
}

/// Logged once, never sent.
fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "a secret could not be handled");
    Problem::new(ProblemKind::Internal, "This is our mistake. Tell your administrator the request id.")
}
