//! The facts that the gate decides on, and the port it reads them through.

use async_trait::async_trait;
use protocol::{SandboxId, SessionId, TerminalId, Timestamp, UserId, auth::Role, terminals::Phase};

/// A login session with its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// The account.
    pub user: UserId,
    /// Sign-in is complete: password and, if the account has a factor, code were verified.
    pub full: bool,
    /// The account's role.
    pub role: Role,
    /// Generation of the session's current token.
    pub generation: i64,
    /// The account is disabled.
    pub disabled: bool,
    /// When the account signed in.
    pub created_at: Timestamp,
    /// Last request, or last input on one of its sockets.
    pub last_seen_at: Timestamp,
    /// Ends after this many seconds without activity.
    pub idle_secs: i64,
    /// Ends at this time regardless of activity.
    pub absolute_end: Timestamp,
}

impl SessionFacts {
    /// When it ends without further activity.
    pub fn ends_at(&self) -> Timestamp {
        self.last_seen_at.plus_secs(self.idle_secs).min(self.absolute_end)
    }
}

/// A terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalFacts {
    /// The owner.
    pub owner: UserId,
    /// What runs it.
    pub sandbox: SandboxId,
    /// The step of its life that it is in.
    pub phase: Phase,
    /// Locked with MFA.
    pub locked: bool,
    /// Raised by each lock, unlock and deletion.
    pub epoch: i64,
}

/// A grant: permission of one login session to use one locked terminal for a limited time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantFacts {
    /// The account.
    pub user: UserId,
    /// The login session it was given to.
    pub session: SessionId,
    /// The terminal.
    pub terminal: TerminalId,
    /// Lock epoch of the terminal when it was given.
    pub epoch: i64,
    /// When the code was verified.
    pub granted_at: Timestamp,
    /// Last input under this grant.
    pub last_input_at: Timestamp,
    /// Ends after this many seconds without input.
    pub idle_secs: u32,
    /// Ends at this time regardless of activity.
    pub absolute_end: Timestamp,
}

impl GrantFacts {
    /// When it ends without further input.
    pub fn ends_at(&self) -> Timestamp {
        self.last_input_at.plus_secs(i64::from(self.idle_secs)).min(self.absolute_end)
    }
}

/// Everything that a decision depends on, read from one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The login session; `None` when there is no such session.
    pub session: Option<SessionFacts>,
    /// The terminal; `None` when there is no such terminal.
    pub terminal: Option<TerminalFacts>,
    /// The grant of that session on that terminal, valid or not.
    pub grant: Option<GrantFacts>,
}

/// The facts could not be read. The source of this error is that of the database, for the log.
#[derive(Debug, thiserror::Error)]
#[error("the access facts could not be read")]
pub struct FactsError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where facts come from: the database, or a map in tests.
#[async_trait]
pub trait FactsSource: Send + Sync + std::fmt::Debug {
    /// Reads all facts about one request from one snapshot.
    ///
    /// # Errors
    /// [`FactsError`] when the source does not answer.
    async fn facts(&self, session: SessionId, terminal: TerminalId) -> Result<Facts, FactsError>;

    /// Checks that a lock could be stored now: a transaction that may write can begin.
    ///
    /// # Errors
    /// [`FactsError`] when it cannot.
    async fn check_writable(&self) -> Result<(), FactsError>;
}
