//! Names and labels of this instance's resources on the engine.
//!
//! Names derive from ids, never from user input. Resources are looked up by exact name and by label, because the
//! engine's name filter is a regular expression.

use std::collections::HashMap;

use protocol::SandboxId;
use uuid::Uuid;

/// Label with the id of the instance that created the resource.
pub const LABEL_INSTANCE: &str = "rexec.instance";
/// Label with the sandbox that the resource belongs to. Version 0.1.0, whose containers still run, named it after the
/// terminal.
pub const LABEL_SANDBOX: &str = "rexec.terminal";
/// Label of a container that is never started and shows the engine's defaults.
pub const LABEL_PROBE: &str = "rexec.probe";

/// Names and labels of one instance.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    instance: Uuid,
}

impl Names {
    /// Names of `instance`.
    pub const fn new(instance: Uuid) -> Self {
        Self { instance }
    }

    /// Name of a sandbox's container and of its volume.
    pub fn for_sandbox(&self, id: SandboxId) -> String {
        format!("{}-{id}", self.prefix())
    }

    /// Name of a container that shows the engine's defaults.
    pub fn probe_container(&self) -> String {
        format!("{}-probe-{}", self.prefix(), Uuid::new_v4())
    }

    fn prefix(&self) -> String {
        let simple = self.instance.simple().to_string();
        format!("rexec-{}", &simple[..8])
    }

    /// Labels of every resource of a sandbox.
    pub fn labels(&self, id: SandboxId) -> Vec<(&'static str, String)> {
        vec![(LABEL_INSTANCE, self.instance.hyphenated().to_string()), (LABEL_SANDBOX, id.to_string())]
    }

    /// Label of every resource of this instance.
    pub fn instance_label(&self) -> (String, String) {
        (LABEL_INSTANCE.to_owned(), self.instance.hyphenated().to_string())
    }

    /// List filter for this instance: an exact label match.
    pub fn filter(&self) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".to_owned(), vec![format!("{LABEL_INSTANCE}={}", self.instance.hyphenated())])])
    }

    /// The sandbox in these labels. `None` when the resource does not belong to this instance.
    pub fn sandbox_from_labels(&self, labels: &HashMap<String, String>) -> Option<SandboxId> {
        let ours = labels.get(LABEL_INSTANCE)? == &self.instance.hyphenated().to_string();
        let id = labels.get(LABEL_SANDBOX)?.parse().ok()?;
        ours.then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_belongs_to_the_instance_of_its_complete_label() {
        let (ours, other) = (Names::new(Uuid::from_u128(7)), Names::new(Uuid::from_u128(7 << 64)));
        let id = SandboxId::new(Uuid::from_u128(9));
        let labels = |n: &Names| n.labels(id).into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<HashMap<_, _>>();
        assert_eq!(ours.sandbox_from_labels(&labels(&ours)), Some(id));
        assert_eq!(ours.sandbox_from_labels(&labels(&other)), None);
        assert_eq!(ours.sandbox_from_labels(&HashMap::new()), None);
        let mut braced = labels(&ours);
        braced.insert(LABEL_SANDBOX.to_owned(), format!("{{{id}}}"));
        assert_eq!(ours.sandbox_from_labels(&braced), None, "only the canonical form of the id is accepted");
        assert_eq!(ours.for_sandbox(id), format!("rexec-00000000-{id}"));
    }
}
