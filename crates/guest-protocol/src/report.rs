//! Observations of the guest inside its container.

use serde::{Deserialize, Serialize};

/// Security settings as PID 1 reads them from the kernel. The container may be compromised, so the server treats every
/// field as untrusted input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuestReport {
    /// `CapPrm` of PID 1, 16 hexadecimal digits.
    pub cap_permitted: String,
    /// `CapBnd` of PID 1.
    pub cap_bounding: String,
    /// `NoNewPrivs` of PID 1.
    pub no_new_privs: bool,
    /// `Seccomp` mode of PID 1 (2 = filter).
    pub seccomp_mode: u8,
    /// Lines of `/proc/self/mountinfo`, at most 128 of them.
    pub mounts: Vec<String>,
    /// Lines of `/proc/self/uid_map`.
    pub uid_map: Vec<String>,
    /// `/proc/self/limits` as (name, soft, hard).
    pub limits: Vec<(String, String, String)>,
    /// The root filesystem is mounted read-only.
    pub root_read_only: bool,
    /// cgroup limit on processes. `None` when the cgroup is not visible.
    pub pids_max: Option<String>,
    /// cgroup limit on memory, in bytes. `None` when the cgroup is not visible.
    pub memory_max: Option<String>,
    /// `net.ipv4.ip_unprivileged_port_start`.
    pub unprivileged_port_start: Option<u32>,
    /// Uid of the account that the shells run as. `None` when they run as the guest's own account.
    pub shell_uid: Option<u32>,
}
