//! An event before it is appended, and who caused it.

use std::{fmt::Display, net::IpAddr};

use protocol::{TerminalId, UserId, admin::Outcome, audit::AuditEvent, names::Username};

/// Maximum size of the details, in bytes.
const DETAIL_BYTES_MAX: usize = 1000;

/// Who did something, and from which address.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// Account; `None` for unknown callers and for the system itself.
    pub user: Option<UserId>,
    /// Its name.
    pub name: Option<Username>,
    /// Client address.
    pub address: Option<IpAddr>,
    /// Request id.
    pub request_id: Option<String>,
}

impl Actor {
    /// The server itself: background tasks, start-up, the command line.
    pub fn system() -> Self {
        Self::default()
    }

    /// The same client, now authenticated as this account.
    #[must_use]
    pub fn known_as(&self, user: UserId, name: &Username) -> Self {
        Self { user: Some(user), name: Some(name.clone()), ..self.clone() }
    }
}

/// Callers as actors of audit events.
pub trait AsActor {
    /// The account, its address and the request.
    fn actor(&self) -> Actor;
}

impl AsActor for access::Caller {
    fn actor(&self) -> Actor {
        Actor {
            user: Some(self.user),
            name: Some(self.username.clone()),
            address: Some(self.address),
            request_id: Some(self.request_id.clone()),
        }
    }
}

/// An event that has not been appended yet.
#[derive(Debug, Clone)]
#[must_use]
pub struct Entry {
    pub(super) event: AuditEvent,
    pub(super) outcome: Outcome,
    pub(super) subject: Option<UserId>,
    pub(super) target: Option<String>,
    pub(super) target_name: Option<String>,
    pub(super) detail: String,
}

impl Entry {
    /// A successful event.
    pub fn new(event: AuditEvent) -> Self {
        Self { event, outcome: Outcome::Success, subject: None, target: None, target_name: None, detail: String::new() }
    }

    /// The event was rejected or failed.
    pub fn failed(mut self) -> Self {
        self.outcome = Outcome::Failure;
        self
    }

    /// The target is this account, whose user may read the event.
    pub fn about_user(mut self, id: UserId, name: &Username) -> Self {
        self.subject = Some(id);
        self.target = Some(id.to_string());
        self.target_name = Some(name.to_string());
        self
    }

    /// The target is this terminal, whose owner may read the event.
    pub fn about_terminal(mut self, id: TerminalId, name: &impl Display, owner: UserId) -> Self {
        self.subject = Some(owner);
        self.target = Some(id.to_string());
        self.target_name = Some(name.to_string());
        self
    }

    /// The target is something else with a name: an image, a tier, a link.
    pub fn about(mut self, id: &impl Display, name: &impl Display) -> Self {
        self.target = Some(id.to_string());
        self.target_name = Some(name.to_string());
        self
    }

    /// Adds a detail. Never a secret, never the text of a field for secrets.
    pub fn detail(mut self, name: &'static str, value: impl Display) -> Self {
        let separator = if self.detail.is_empty() { "" } else { " " };
        let value = value.to_string();
        let quoted = value.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"');
        let value = if quoted { format!("{value:?}") } else { value };
        let more = format!("{separator}{name}={value}");
        if self.detail.len() + more.len() <= DETAIL_BYTES_MAX {
            self.detail.push_str(&more);
        }
        self
    }
}

/// The outcome as stored.
pub(super) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_bounded_key_value_pairs() {
        let entry = Entry::new(AuditEvent::Login).detail("a", 1).detail("b", "two words").detail("c", "x".repeat(2000));
        assert_eq!(entry.detail, "a=1 b=\"two words\"");
    }
}
