//! What the gate decides on, read in one transaction. Plain values: the decision itself is in `access/`.

use protocol::{SessionId, TerminalId, Timestamp, UserId, terminals::TerminalState};

/// What the store knows of a login session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// Whose.
    pub user: UserId,
    /// Password *and*, where there is a factor, code were right.
    pub full: bool,
    /// The account is disabled.
    pub disabled: bool,
    /// Last request.
    pub last_seen_at: Timestamp,
    /// It ends here, by idleness or by its absolute end, whichever is first.
    pub ends_at: Timestamp,
}

/// What the store knows of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalFacts {
    /// Whose.
    pub owner: UserId,
    /// State.
    pub state: TerminalState,
    /// Locked with MFA.
    pub locked: bool,
    /// Raised by lock, unlock, delete and owner change.
    pub epoch: i64,
}

/// What the store knows of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantFacts {
    /// Whose.
    pub user: UserId,
    /// Login session it was given to.
    pub session: SessionId,
    /// Terminal it opens.
    pub terminal: TerminalId,
    /// Epoch of the terminal when it was given.
    pub epoch: i64,
    /// When it was given.
    pub granted_at: Timestamp,
    /// Last input on it.
    pub last_input_at: Timestamp,
    /// Ends after this long without input.
    pub idle_secs: u32,
    /// Ends here in any case.
    pub absolute_end: Timestamp,
}

/// Everything the decision looks at, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The asking login session; `None` when it is not known.
    pub session: Option<SessionFacts>,
    /// The terminal; `None` when it is not known.
    pub terminal: Option<TerminalFacts>,
    /// The newest grant of that session on that terminal.
    pub grant: Option<GrantFacts>,
}
