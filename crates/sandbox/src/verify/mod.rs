//! Verification: what was intended for one container, compared with what the engine says it made (`outside`) and with
//! what the guest sees (`inside`). Pure functions; this module refuses to know how an engine is spoken to.
//!
//! The comparison is total: what a row does not claim must be empty, so a setting nobody thought of cannot slip in.

mod inside;
mod outside;
mod report;
#[cfg(test)]
mod tests;

use protocol::TerminalId;
use serde_json::Value;

use super::{
    Limits,
    profile::{Profile, Seccomp},
};
pub use inside::verify_inside;
pub use outside::verify_outside;
pub use report::report;

/// What one container must be: the profile, the launch, and what this host can do.
#[derive(Debug, Clone)]
pub struct Intended {
    /// The profile.
    pub profile: &'static Profile,
    /// The terminal.
    pub id: TerminalId,
    /// Host name inside.
    pub hostname: String,
    /// Limits of the tier.
    pub limits: Limits,
    /// The engine's digest of the image that was asked for.
    pub image_id: String,
    /// Name of the container.
    pub container: String,
    /// Name of the home volume.
    pub volume: String,
    /// Labels of ours.
    pub labels: Vec<(&'static str, String)>,
    /// The guest program on the host.
    pub guest_binary: String,
    /// The terminal's link folder on the host.
    pub link_dir: String,
    /// Profile and engine defaults together, sorted.
    pub masked: Vec<String>,
    /// Profile and engine defaults together, sorted.
    pub read_only: Vec<String>,
    /// Zero where the kernel has no block I/O weight.
    pub block_io_weight: u16,
    /// Name servers, when the host's own cannot be used from a container.
    pub dns: Vec<String>,
    /// Masked paths that exist on this host's kernel, and must therefore be seen covered from inside.
    pub masked_here: Vec<String>,
    /// Read-only paths that exist on this host's kernel.
    pub read_only_here: Vec<String>,
}

/// Where the guest program is in the container.
pub const GUEST_TARGET: &str = "/.rexec/guest";
/// Where the link folder is in the container.
pub const LINK_TARGET: &str = "/.rexec/link";

impl Intended {
    /// `SecurityOpt` of the container.
    pub fn security_options(&self) -> Vec<String> {
        let mut options = vec!["no-new-privileges:true".to_owned()];
        if let Seccomp::Own(json) = self.profile.seccomp {
            options.push(format!("seccomp={json}"));
        }
        options
    }

    /// CPU quota in billionths of a core, as engines count.
    pub fn nano_cpus(&self) -> i64 {
        i64::from(self.limits.cpu_millis) * 1_000_000
    }
}

/// One look at one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Row of the profile.
    pub row: &'static str,
    /// What was seen, for people.
    pub seen: String,
    /// It is what was intended.
    pub right: bool,
}

impl Look {
    fn new(row: &'static str, right: bool, seen: impl Into<String>) -> Self {
        Self { row, seen: seen.into(), right }
    }
}

/// The first thing that is not as intended, in words for the log, the audit trail and the owner.
pub fn first_difference(looks: &[Look]) -> Option<String> {
    looks.iter().find(|look| !look.right).map(|look| format!("{}: {}", look.row, look.seen))
}

/// Whether a value of the engine's description says "not set".
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(fields) => fields.is_empty(),
    }
}
