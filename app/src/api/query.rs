//! Query strings of the list routes.

use std::fmt;

use protocol::admin::Outcome;

/// Cursor of a list: absent for the first page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct After(pub Option<String>);

/// Filters of the audit lists; an empty string matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Event name, e.g. `terminal_mfa_locked`.
    pub event: String,
    /// Account name of the actor.
    pub actor: String,
    /// Outcome of the event; `None` matches both.
    pub outcome: Option<Outcome>,
    /// Cursor of the page.
    pub after: Option<String>,
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_pairs(f, &[("after", self.0.as_deref().unwrap_or_default())])
    }
}

impl fmt::Display for AuditQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.outcome.map_or("", outcome_word);
        let after = self.after.as_deref().unwrap_or_default();
        write_pairs(f, &[("event", &self.event), ("actor", &self.actor), ("outcome", outcome), ("after", after)])
    }
}

/// The name of an outcome in the REST contract.
pub(crate) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    }
}

fn write_pairs(f: &mut fmt::Formatter<'_>, pairs: &[(&str, &str)]) -> fmt::Result {
    let set = pairs.iter().filter(|(_, value)| !value.is_empty());
    for (index, (name, value)) in set.enumerate() {
        write!(f, "{}{name}={}", if index == 0 { '?' } else { '&' }, PercentEncoded(value))?;
    }
    Ok(())
}

/// Percent-encodes a text for a URL. Only the unreserved characters of RFC 3986, section 2.3, stay as they are.
pub struct PercentEncoded<'a>(pub &'a str);

impl fmt::Display for PercentEncoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => write!(f, "{}", b as char),
            other => write!(f, "%{other:02X}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_filters_are_left_out() {
        assert_eq!(After(None).to_string(), "");
        assert_eq!(After(Some("a b&c".into())).to_string(), "?after=a%20b%26c");
        let query = AuditQuery { actor: "ada".into(), outcome: Some(Outcome::Failure), ..Default::default() };
        assert_eq!(query.to_string(), "?actor=ada&outcome=failure");
    }
}
