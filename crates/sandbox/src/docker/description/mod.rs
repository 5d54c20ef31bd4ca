//! Docker's description of a container, compared with what was intended.
//!
//! The description is the JSON of the inspect call. Each rule claims the fields that it compares. Every other field of
//! `HostConfig` and `Config` must be empty, so a setting that no rule covers is a difference. [`IRRELEVANT`] lists the
//! exceptions.

mod controls;
mod json;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::verify::{Check, Intended, Observed};
use json::is_empty;
pub use json::{Description, security_options};

/// Comparison of one control, and the fields that it claims.
struct Rule {
    control: &'static str,
    claims: &'static [&'static str],
    /// The observed value as text: `Ok` when it is the intended one.
    compare: fn(&Intended, &Description) -> Result<String, String>,
}

const RULES: &[Rule] = &[
    Rule {
        control: "namespaces",
        claims: &["HostConfig.PidMode", "HostConfig.IpcMode", "HostConfig.UTSMode", "HostConfig.CgroupnsMode"],
        compare: controls::namespaces,
    },
    Rule { control: "devices", claims: &["HostConfig.Privileged"], compare: controls::devices },
    Rule { control: "seccomp", claims: &["HostConfig.SecurityOpt"], compare: controls::seccomp },
    Rule { control: "read_only_paths", claims: &["HostConfig.ReadonlyPaths"], compare: controls::read_only_paths },
    Rule {
        control: "capabilities",
        claims: &["HostConfig.CapAdd", "HostConfig.CapDrop"],
        compare: controls::capabilities,
    },
    Rule { control: "privileges", claims: &[], compare: controls::privileges },
    Rule { control: "root_filesystem", claims: &["HostConfig.ReadonlyRootfs"], compare: controls::root_filesystem },
    Rule { control: "tmpfs", claims: &["HostConfig.Tmpfs", "HostConfig.ShmSize"], compare: controls::tmpfs },
    Rule { control: "home", claims: &[], compare: controls::home },
    Rule { control: "masked_paths", claims: &["HostConfig.MaskedPaths"], compare: controls::masked_paths },
    Rule { control: "pids", claims: &["HostConfig.PidsLimit"], compare: controls::pids },
    Rule { control: "memory", claims: &["HostConfig.Memory", "HostConfig.MemorySwap"], compare: controls::memory },
    Rule { control: "cpu", claims: &["HostConfig.NanoCpus"], compare: controls::cpu },
    Rule { control: "ulimits", claims: &["HostConfig.Ulimits"], compare: controls::ulimits },
    Rule { control: "network", claims: &["HostConfig.NetworkMode", "HostConfig.Dns"], compare: controls::network },
    Rule { control: "user", claims: &["Config.User"], compare: controls::user },
    Rule { control: "mounts", claims: &["HostConfig.Mounts"], compare: controls::mounts },
    Rule { control: "sysctl", claims: &["HostConfig.Sysctls"], compare: controls::sysctl },
    Rule { control: "logs", claims: &["HostConfig.LogConfig"], compare: controls::logs },
    Rule {
        control: "identity",
        claims: &[
            "HostConfig.RestartPolicy",
            "HostConfig.Init",
            "Config.Image",
            "Config.Entrypoint",
            "Config.Cmd",
            "Config.Labels",
            "Config.Hostname",
            "Config.WorkingDir",
            "Config.Healthcheck",
            "Config.StopSignal",
        ],
        compare: controls::identity,
    },
    Rule { control: "block_io", claims: &["HostConfig.BlkioWeight"], compare: controls::block_io },
];

/// Fields without effect on isolation. They hold values of the engine or of the image.
const IRRELEVANT: &[&str] = &[
    "HostConfig.Runtime",
    "HostConfig.ConsoleSize",
    "HostConfig.Isolation",
    "Config.Env",
    // Metadata of the image. No port is published without PublishAllPorts, which must be empty.
    "Config.ExposedPorts",
];

impl Description {
    /// One check per control, and one failed check of `identity` when a field is set that no rule claims.
    pub fn observe(&self, intended: &Intended) -> Observed {
        let mut checks: Vec<Check> = RULES
            .iter()
            .map(|rule| match (rule.compare)(intended, self) {
                Ok(observed) => Check::new(rule.control, true, observed),
                Err(observed) => Check::new(rule.control, false, observed),
            })
            .collect();
        let unclaimed = self.unclaimed();
        if !unclaimed.is_empty() {
            checks.push(Check::new("identity", false, format!("set and not asked for: {}", unclaimed.join(", "))));
        }
        Observed { checks, mac_label: self.mac_label() }
    }

    /// Fields that are set and that no rule claims, as `path=value`.
    fn unclaimed(&self) -> Vec<String> {
        let claimed: BTreeSet<&str> =
            RULES.iter().flat_map(|rule| rule.claims.iter().copied()).chain(IRRELEVANT.iter().copied()).collect();
        let mut unclaimed = Vec::new();
        for section in ["HostConfig", "Config"] {
            for (key, value) in self.object(section).into_iter().flatten() {
                let path = format!("{section}.{key}");
                // -1 is the kernel's default swappiness.
                let unset = is_empty(value) || (key == "MemorySwappiness" && value.as_i64() == Some(-1));
                if !claimed.contains(path.as_str()) && !unset {
                    unclaimed.push(format!("{path}={value}"));
                }
            }
        }
        unclaimed
    }

    /// AppArmor profile or SELinux label.
    fn mac_label(&self) -> Option<String> {
        ["AppArmorProfile", "ProcessLabel"]
            .into_iter()
            .map(|key| self.text(key))
            .find(|label| !label.is_empty() && *label != "unconfined")
            .map(str::to_owned)
    }
}
