//! Verification of a container: what was intended, compared with the guest's report (`inside`) and with the engine's
//! description, and the security report for users. Pure functions; each engine compares its own description and passes
//! the result as [`Observed`].

mod inside;
mod report;
#[cfg(test)]
pub(crate) mod tests;

use protocol::SandboxId;

use crate::{Limits, profile::Profile};
pub use inside::verify_inside;
pub use report::report;

/// Path of the guest program in the container.
pub const GUEST_TARGET: &str = "/.rexec/guest";
/// Path of the guest socket directory in the container.
pub const SOCKET_TARGET: &str = "/.rexec/link";

/// One container as it must be: the profile, the launch, and what this host can do.
#[derive(Debug, Clone)]
pub struct Intended {
    /// Hardening profile.
    pub profile: Profile,
    /// Sandbox.
    pub id: SandboxId,
    /// Host name inside the container.
    pub hostname: String,
    /// Limits of the tier, reduced to what the host has.
    pub limits: Limits,
    /// The engine's digest of the requested image.
    pub image_id: String,
    /// Name of the container.
    pub container: String,
    /// Name of the home volume.
    pub volume: String,
    /// Labels of this instance.
    pub labels: Vec<(&'static str, String)>,
    /// Path of the guest program on the host.
    pub guest_binary: String,
    /// Path of the guest socket directory on the host.
    pub socket_dir: String,
    /// Masked paths of the profile and of the engine, sorted.
    pub masked: Vec<String>,
    /// Read-only paths of the profile and of the engine, sorted.
    pub read_only: Vec<String>,
    /// Block I/O weight; zero where the kernel does not support one.
    pub block_io_weight: u16,
    /// Name servers, when a container cannot use the host's own.
    pub dns: Vec<String>,
    /// The masked paths that exist on this host. The guest must see each of them covered.
    pub masked_on_host: Vec<String>,
    /// The read-only paths that exist on this host.
    pub read_only_on_host: Vec<String>,
}

/// The engine's description of a container, compared with [`Intended`].
///
/// The comparison must be total: an engine adds a failed check for every setting that is present and that no control
/// covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// At least one check for each control in force.
    pub checks: Vec<Check>,
    /// AppArmor profile or SELinux label of the container, if one confines it.
    pub mac_label: Option<String>,
}

/// Result of the comparison of one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Id of the control.
    pub control: &'static str,
    /// The observed value, as text for users.
    pub observed: String,
    /// The observed value is the intended one.
    pub matches: bool,
}

impl Check {
    /// A check of `control`.
    pub fn new(control: &'static str, matches: bool, observed: impl Into<String>) -> Self {
        Self { control, observed: observed.into(), matches }
    }
}

/// The first failed check as text for the log, the audit log and the owner.
pub fn first_difference(checks: &[Check]) -> Option<String> {
    checks.iter().find(|check| !check.matches).map(|check| format!("{}: {}", check.control, check.observed))
}
