//! What things of ours are called on the engine. Names are made from ids alone, never from what a person typed, and
//! things are found by their exact name *and* their labels: an engine's name filter is a regular expression.

use std::collections::HashMap;

use protocol::TerminalId;
use uuid::Uuid;

/// Label with the id of the instance that made a thing.
pub const LABEL_INSTANCE: &str = "rexec.instance";
/// Label with the terminal a thing is for.
pub const LABEL_TERMINAL: &str = "rexec.terminal";
/// Label of a container that is never started: it shows the engine's own defaults.
pub const LABEL_PROBE: &str = "rexec.probe";

/// Names and labels of one instance.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    instance: Uuid,
}

impl Names {
    /// Of this instance.
    pub const fn new(instance: Uuid) -> Self {
        Self { instance }
    }

    /// Name of a terminal's container and of its volume.
    pub fn of(&self, id: TerminalId) -> String {
        format!("{}-{id}", self.prefix())
    }

    /// Name of a throw-away container.
    pub fn probe(&self) -> String {
        format!("{}-probe-{}", self.prefix(), Uuid::new_v4())
    }

    fn prefix(&self) -> String {
        let simple = self.instance.simple().to_string();
        format!("rexec-{}", &simple[..8])
    }

    /// Labels of everything made for a terminal.
    pub fn labels(&self, id: TerminalId) -> Vec<(&'static str, String)> {
        vec![(LABEL_INSTANCE, self.instance.hyphenated().to_string()), (LABEL_TERMINAL, id.to_string())]
    }

    /// The filter that lists things of this instance: an exact label match.
    pub fn filter(&self) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".to_owned(), vec![format!("{LABEL_INSTANCE}={}", self.instance.hyphenated())])])
    }

    /// The terminal a thing with these labels is for; `None` when it is not of this instance.
    pub fn owner(&self, labels: &HashMap<String, String>) -> Option<TerminalId> {
        let ours = labels.get(LABEL_INSTANCE)? == &self.instance.hyphenated().to_string();
        let id = labels.get(LABEL_TERMINAL)?.parse().ok()?;
        ours.then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_belongs_to_an_instance_by_its_whole_label() {
        let (ours, other) = (Names::new(Uuid::from_u128(7)), Names::new(Uuid::from_u128(7 << 64)));
        let id = TerminalId::new(Uuid::from_u128(9));
        let labels = |n: &Names| n.labels(id).into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<HashMap<_, _>>();
        assert_eq!(ours.owner(&labels(&ours)), Some(id));
        assert_eq!(ours.owner(&labels(&other)), None);
        assert_eq!(ours.owner(&HashMap::new()), None);
        let mut bent = labels(&ours);
        bent.insert(LABEL_TERMINAL.to_owned(), format!("{{{id}}}"));
        assert_eq!(ours.owner(&bent), None, "only the canonical id counts");
        assert_eq!(ours.of(id), format!("rexec-00000000-{id}"));
    }
}
