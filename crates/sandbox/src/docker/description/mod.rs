//! Docker's description of a container, compared with what was intended.
//!
//! The description is the JSON of the inspect call. Each rule claims the fields that it compares. Every other field of
//! `HostConfig` and `Config` must be empty, so a setting that no rule covers is a difference. [`IRRELEVANT`] lists the
//! exceptions.

mod controls;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bollard::models::ContainerInspectResponse;
use serde_json::{Map, Value};

use crate::{
    EngineError,
    verify::{Check, Intended, Observed},
};

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

/// `HostConfig.SecurityOpt` of every container. Without a `seccomp` option the engine applies its default filter.
pub fn security_options() -> Vec<String> {
    vec!["no-new-privileges:true".to_owned()]
}

/// The JSON of the inspect call.
#[derive(Debug)]
pub struct Description(Value);

impl Description {
    /// The description of `container`.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when it cannot be represented as JSON.
    pub fn new(container: &ContainerInspectResponse) -> Result<Self, EngineError> {
        let json = serde_json::to_value(container);
        json.map(Self).map_err(|e| EngineError::Failed(format!("the container's description cannot be read: {e}")))
    }

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

    /// The value at a path; null when it does not exist.
    fn at(&self, path: &str) -> &Value {
        path.split('.').try_fold(&self.0, |value, key| value.get(key)).unwrap_or(&Value::Null)
    }
    fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }
    /// `i64::MIN` when there is no number.
    fn number(&self, path: &str) -> i64 {
        self.at(path).as_i64().unwrap_or(i64::MIN)
    }
    fn flag(&self, path: &str) -> bool {
        self.at(path).as_bool().unwrap_or(false)
    }
    fn object(&self, path: &str) -> Option<&Map<String, Value>> {
        self.at(path).as_object()
    }
    fn array(&self, path: &str) -> impl Iterator<Item = &Value> {
        self.at(path).as_array().into_iter().flatten()
    }
    fn list(&self, path: &str) -> Vec<String> {
        self.array(path).map(plain).collect()
    }
    fn sorted(&self, path: &str) -> Vec<String> {
        let mut texts = self.list(path);
        texts.sort_unstable();
        texts
    }
}

/// A string without quotes, any other value as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value means "not set".
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
