//! Errors of accounts: login, set-up, invitations, passwords, login sessions.

use protocol::{Problem, ProblemKind};

use super::{ToProblem, internal};
use crate::{
    accounts::AccountError,
    auth::password::{HashError, PasswordError},
};

impl ToProblem for AccountError {
    fn problem(&self) -> Problem {
        match self {
            Self::WrongCredentials => {
                Problem::new(ProblemKind::WrongCredentials, "Check both and try again. Names are lower case.")
            }
            Self::WrongPassword(field) => {
                Problem::new(ProblemKind::WrongCredentials, "Your present password is not right. Type it again.")
                    .with_field(field.as_str())
            }
            Self::Throttled(secs) => {
                let detail = format!("There were too many wrong tries. Wait {secs} seconds, then try again.");
                Problem::new(ProblemKind::Throttled, detail).with_retry_after(*secs)
            }
            Self::StaleLink => Problem::new(
                ProblemKind::StaleLink,
                "It was used, taken back, or is too old. Ask for a new one; a set-up link is printed at each start.",
            ),
            Self::SetUpAlready => {
                Problem::new(ProblemKind::Conflict, "The first administrator exists already. Sign in.")
            }
            Self::InvalidPassword(field, error) => {
                Problem::new(ProblemKind::Unprocessable, password_rule(error)).with_field(field.as_str())
            }
            Self::UsernameMissing => {
                Problem::new(ProblemKind::Unprocessable, "Choose a username.").with_field("username")
            }
            Self::UsernameNotAllowed => {
                Problem::new(ProblemKind::Unprocessable, "A reset link keeps the name; leave it out.")
                    .with_field("username")
            }
            Self::NameTaken => Problem::new(ProblemKind::Conflict, "Somebody has that name. Choose another one.")
                .with_field("username"),
            Self::CodeMissing => {
                Problem::new(ProblemKind::WrongCode, "This account has MFA: give a code of your authenticator app too.")
                    .with_field("code")
            }
            Self::Code(error) => error.problem(),
            Self::LoginEnded => Problem::new(ProblemKind::NotLoggedIn, "Your login has ended. Sign in again."),
            Self::TerminalsLocked => Problem::new(
                ProblemKind::TerminalsLocked,
                "Unlock or delete your locked terminals first; without a factor nobody could open them.",
            ),
            Self::MfaIsRequired => Problem::new(
                ProblemKind::Conflict,
                "Your organisation asks every account for MFA. You can replace the factor.",
            ),
            Self::NoSuchSession => {
                Problem::new(ProblemKind::NotFound, "There is no such session. It may have ended already.")
            }
            Self::Store(error) => error.problem(),
            Self::Hash(HashError::Busy) => {
                Problem::new(ProblemKind::Unavailable, "Too many people are signing in at once. Try again in a moment.")
                    .with_retry_after(5)
            }
            Self::Hash(error @ HashError::Failed(_)) => internal(error, "a password could not be hashed"),
            Self::Key(error) => internal(error, "a secret could not be sealed"),
        }
    }
}

/// The rule that a new password breaks.
const fn password_rule(error: &PasswordError) -> &'static str {
    match error {
        PasswordError::Rule(rule) => rule.0,
        PasswordError::Common => "That password is one of the first that an attacker tries. Choose another one.",
    }
}
