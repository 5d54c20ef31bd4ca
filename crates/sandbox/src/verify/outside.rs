//! The engine's own description of a container, compared with what was intended, field by field.
//!
//! The description is the JSON of the engine's inspect call. Each row claims the fields it answers for; at the end,
//! every field of `HostConfig`, `Config` and `NetworkSettings.Networks` that no row claimed must be empty.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{GUEST_TARGET, Intended, LINK_TARGET, Look, is_empty};

/// One row's comparison, and the fields it answers for.
struct Check {
    row: &'static str,
    claims: &'static [&'static str],
    look: fn(&Intended, &Described<'_>) -> Result<String, String>,
}

/// Compares the engine's description with what was intended. One look per row; a field nobody claimed and that is set
/// is a look of the row `identity` that is not right.
pub fn verify_outside(intended: &Intended, description: &Value) -> Vec<Look> {
    let described = Described { whole: description };
    let mut looks: Vec<Look> = CHECKS
        .iter()
        .map(|check| match (check.look)(intended, &described) {
            Ok(seen) => Look::new(check.row, true, seen),
            Err(seen) => Look::new(check.row, false, seen),
        })
        .collect();
    let strays = unclaimed(&described);
    if !strays.is_empty() {
        looks.push(Look::new("identity", false, format!("set and not asked for: {}", strays.join(", "))));
    }
    looks
}

const CHECKS: &[Check] = &[
    Check {
        row: "namespaces",
        claims: &["HostConfig.PidMode", "HostConfig.IpcMode", "HostConfig.UTSMode", "HostConfig.CgroupnsMode"],
        look: namespaces,
    },
    Check { row: "devices", claims: &["HostConfig.Privileged"], look: devices },
    Check { row: "seccomp", claims: &["HostConfig.SecurityOpt"], look: seccomp },
    Check { row: "read_only_paths", claims: &["HostConfig.ReadonlyPaths"], look: read_only_paths },
    Check { row: "capabilities", claims: &["HostConfig.CapAdd", "HostConfig.CapDrop"], look: capabilities },
    Check { row: "privileges", claims: &[], look: privileges },
    Check { row: "root_filesystem", claims: &["HostConfig.ReadonlyRootfs"], look: root_filesystem },
    Check { row: "tmpfs", claims: &["HostConfig.Tmpfs", "HostConfig.ShmSize"], look: tmpfs },
    Check { row: "home", claims: &[], look: home },
    Check { row: "masked_paths", claims: &["HostConfig.MaskedPaths"], look: masked_paths },
    Check { row: "pids", claims: &["HostConfig.PidsLimit"], look: pids },
    Check { row: "memory", claims: &["HostConfig.Memory", "HostConfig.MemorySwap"], look: memory },
    Check { row: "cpu", claims: &["HostConfig.NanoCpus"], look: cpu },
    Check { row: "ulimits", claims: &["HostConfig.Ulimits"], look: ulimits },
    Check { row: "network", claims: &["HostConfig.NetworkMode", "HostConfig.Dns"], look: network },
    Check { row: "user", claims: &["Config.User"], look: user },
    Check { row: "mounts", claims: &["HostConfig.Mounts"], look: mounts },
    Check { row: "sysctl", claims: &["HostConfig.Sysctls"], look: sysctl },
    Check { row: "logs", claims: &["HostConfig.LogConfig"], look: logs },
    Check {
        row: "identity",
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
        look: identity,
    },
    Check { row: "block_io", claims: &["HostConfig.BlkioWeight"], look: block_io },
];

/// Fields that say nothing about protection, and may hold what the engine or the image puts there.
const ENGINES_OWN: &[&str] = &[
    "HostConfig.Runtime",
    "HostConfig.ConsoleSize",
    "HostConfig.Isolation",
    "Config.Env",
    // Shown by `docker ps`; nothing is published without PublishAllPorts, which must be empty.
    "Config.ExposedPorts",
];

struct Described<'a> {
    whole: &'a Value,
}

impl Described<'_> {
    /// The value at a path; null when it is not there.
    fn at(&self, path: &str) -> &Value {
        path.split('.').try_fold(self.whole, |value, key| value.get(key)).unwrap_or(&Value::Null)
    }
    fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }
    fn number(&self, path: &str) -> i64 {
        self.at(path).as_i64().unwrap_or(i64::MIN)
    }
    fn flag(&self, path: &str) -> bool {
        self.at(path).as_bool().unwrap_or(false)
    }
    fn sorted(&self, path: &str) -> Vec<String> {
        let mut texts: Vec<String> = self.at(path).as_array().into_iter().flatten().map(plain).collect();
        texts.sort_unstable();
        texts
    }
    fn object(&self, path: &str) -> Option<&Map<String, Value>> {
        self.at(path).as_object()
    }
    fn list(&self, path: &str) -> Vec<String> {
        self.at(path).as_array().into_iter().flatten().map(plain).collect()
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn judge(right: bool, seen: impl Into<String>) -> Result<String, String> {
    if right { Ok(seen.into()) } else { Err(seen.into()) }
}

fn unclaimed(d: &Described<'_>) -> Vec<String> {
    let claimed: BTreeSet<&str> =
        CHECKS.iter().flat_map(|c| c.claims.iter().copied()).chain(ENGINES_OWN.iter().copied()).collect();
    let mut strays = Vec::new();
    for section in ["HostConfig", "Config"] {
        for (key, value) in d.object(section).into_iter().flatten() {
            let path = format!("{section}.{key}");
            // Swappiness may be -1 for "the kernel's default".
            let unset = is_empty(value) || (key == "MemorySwappiness" && value.as_i64() == Some(-1));
            if !claimed.contains(path.as_str()) && !unset {
                strays.push(format!("{path}={value}"));
            }
        }
    }
    strays
}

fn namespaces(_: &Intended, d: &Described<'_>) -> Result<String, String> {
    let (pid, ipc, uts, cgroup) = (
        d.text("HostConfig.PidMode"),
        d.text("HostConfig.IpcMode"),
        d.text("HostConfig.UTSMode"),
        d.text("HostConfig.CgroupnsMode"),
    );
    let word = |mode: &str| if mode.is_empty() { "private".to_owned() } else { mode.to_owned() };
    let seen = format!("pid {}, ipc {}, uts {}, cgroup {}", word(pid), word(ipc), word(uts), word(cgroup));
    judge(pid.is_empty() && ipc == "private" && uts.is_empty() && cgroup == "private", seen)
}

/// Devices, device rules, requests, groups and the rest are unclaimed on purpose: the sweep refuses any of them.
fn devices(_: &Intended, d: &Described<'_>) -> Result<String, String> {
    let devices = ["Devices", "DeviceCgroupRules", "DeviceRequests", "GroupAdd"]
        .iter()
        .filter(|key| !is_empty(d.at(&format!("HostConfig.{key}"))))
        .count();
    let privileged = d.at("HostConfig.Privileged");
    let seen = format!("privileged {privileged}, {devices} device settings");
    judge(privileged == &Value::Bool(false) && devices == 0, seen)
}

fn seccomp(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let options = d.list("HostConfig.SecurityOpt");
    let filter = |text: &&String| text.starts_with("seccomp");
    let asked = i.security_options();
    let same = options.iter().find(filter) == asked.iter().find(filter);
    let known = options.iter().all(|option| asked.contains(option));
    let seen = match options.iter().find(filter) {
        None => "the engine's default filter".to_owned(),
        Some(own) if same => format!("a filter of ours ({} bytes)", own.len()),
        Some(other) => other.chars().take(40).collect(),
    };
    judge(same && known, if known { seen } else { format!("options {options:?}") })
}

fn read_only_paths(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    same_paths(&i.read_only, &d.sorted("HostConfig.ReadonlyPaths"))
}

fn masked_paths(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    same_paths(&i.masked, &d.sorted("HostConfig.MaskedPaths"))
}

fn same_paths(intended: &[String], seen: &[String]) -> Result<String, String> {
    let missing: Vec<_> = intended.iter().filter(|path| !seen.contains(path)).cloned().collect();
    if intended == seen { Ok(format!("{} paths", seen.len())) } else { Err(format!("missing: {}", missing.join(", "))) }
}

fn capabilities(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    // Engines of some versions write them with the kernel's prefix.
    let bare = |list: Vec<String>| -> Vec<String> {
        list.into_iter().map(|c| c.strip_prefix("CAP_").map_or(c.clone(), str::to_owned)).collect()
    };
    let (dropped, added) = (bare(d.sorted("HostConfig.CapDrop")), bare(d.sorted("HostConfig.CapAdd")));
    let mut asked: Vec<&str> = i.profile.capabilities.to_vec();
    asked.sort_unstable();
    judge(dropped == ["ALL"] && added == asked, format!("drop {}; add {}", dropped.join(", "), added.join(", ")))
}

fn privileges(_: &Intended, d: &Described<'_>) -> Result<String, String> {
    let options = d.list("HostConfig.SecurityOpt");
    let found = options.iter().filter(|o| o.starts_with("no-new-privileges")).cloned().collect::<Vec<_>>().join(", ");
    let right = found == "no-new-privileges:true";
    judge(right, if found.is_empty() { "not set".to_owned() } else { found })
}

fn root_filesystem(_: &Intended, d: &Described<'_>) -> Result<String, String> {
    let read_only = d.flag("HostConfig.ReadonlyRootfs");
    judge(read_only, if read_only { "read-only" } else { "writable" })
}

fn tmpfs(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let asked: BTreeMap<String, String> = i.profile.tmpfs.iter().map(|t| (t.path.to_owned(), t.options())).collect();
    let seen: BTreeMap<String, String> = d
        .object("HostConfig.Tmpfs")
        .into_iter()
        .flatten()
        .map(|(path, options)| (path.clone(), plain(options)))
        .collect();
    let shm = d.number("HostConfig.ShmSize");
    let words = seen.iter().map(|(path, options)| format!("{path} {options}")).collect::<Vec<_>>().join("; ");
    judge(asked == seen && shm == i64::from(i.profile.shm_mib) * 1024 * 1024, words)
}

fn mount_points<'a>(d: &'a Described<'_>) -> Vec<&'a Value> {
    d.at("Mounts").as_array().into_iter().flatten().collect()
}

fn home(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let at_home: Vec<_> = mount_points(d).into_iter().filter(|m| m["Destination"] == i.profile.home).collect();
    let [mount] = at_home[..] else { return Err(format!("{} mounts at {}", at_home.len(), i.profile.home)) };
    let right = mount["Type"] == "volume"
        && mount["Name"] == i.volume.as_str()
        && mount["Driver"] == "local"
        && mount["RW"] == true;
    judge(right, format!("{} {}", plain(&mount["Type"]), plain(&mount["Name"])))
}

fn mounts(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let bind = |source: &str, target: &str| (source.to_owned(), target.to_owned());
    let mut asked = vec![bind(&i.guest_binary, GUEST_TARGET), bind(&i.link_dir, LINK_TARGET)];
    asked.sort();
    let mut seen = Vec::new();
    for mount in mount_points(d).into_iter().filter(|m| m["Destination"] != i.profile.home) {
        let calm = mount["Propagation"] == "rprivate" || mount["Propagation"] == "private";
        if mount["Type"] != "bind" || mount["RW"] != false || !calm {
            return Err(format!("{} at {} is {}", plain(&mount["Type"]), plain(&mount["Destination"]), mount["RW"]));
        }
        seen.push((plain(&mount["Source"]), plain(&mount["Destination"])));
    }
    seen.sort();
    let planned = mount_plan(i);
    let plan: Vec<Value> = d.at("HostConfig.Mounts").as_array().into_iter().flatten().map(bare_plan).collect();
    let targets = seen.iter().map(|(_, target)| format!("{target} ro")).collect::<Vec<_>>().join(", ");
    judge(seen == asked && plan == planned, targets)
}

/// The mounts as they are asked for, without the parts engines leave out when they are at their default.
fn mount_plan(i: &Intended) -> Vec<Value> {
    vec![
        json!({"Type": "volume", "Source": i.volume, "Target": i.profile.home, "ReadOnly": false}),
        json!({"Type": "bind", "Source": i.guest_binary, "Target": GUEST_TARGET, "ReadOnly": true}),
        json!({"Type": "bind", "Source": i.link_dir, "Target": LINK_TARGET, "ReadOnly": true}),
    ]
}

fn bare_plan(mount: &Value) -> Value {
    let mut bare = json!({
        "Type": mount["Type"], "Source": mount["Source"], "Target": mount["Target"],
        "ReadOnly": mount["ReadOnly"].as_bool().unwrap_or(false),
    });
    for (key, value) in mount.as_object().into_iter().flatten() {
        let harmless = matches!(key.as_str(), "Type" | "Source" | "Target" | "ReadOnly")
            || is_empty(value)
            || (key == "BindOptions" && value == &json!({"Propagation": "rprivate"}))
            || (key == "VolumeOptions" && value.get("Labels").is_some() && value.as_object().map(Map::len) == Some(1));
        if !harmless {
            bare[key] = value.clone();
        }
    }
    bare
}

fn pids(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let seen = d.number("HostConfig.PidsLimit");
    judge(seen == i64::from(i.profile.pids_max), number_words(seen))
}

fn number_words(n: i64) -> String {
    if n == i64::MIN { "not set".to_owned() } else { n.to_string() }
}

fn memory(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let (memory, with_swap) = (d.number("HostConfig.Memory"), d.number("HostConfig.MemorySwap"));
    let asked = i64::try_from(i.limits.memory_bytes).unwrap_or(i64::MAX);
    judge(
        memory == asked && with_swap == asked,
        format!("memory {}, memory and swap {}", number_words(memory), number_words(with_swap)),
    )
}

fn cpu(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let nano = d.number("HostConfig.NanoCpus");
    judge(nano == i.nano_cpus(), format!("{} thousandths of a core", number_words(nano / 1_000_000)))
}

fn ulimits(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let mut asked: Vec<_> = i.profile.ulimits.iter().map(|u| (u.name.to_owned(), u.soft, u.hard)).collect();
    asked.sort();
    let number = |value: &Value| value.as_i64().unwrap_or(i64::MIN);
    let mut seen: Vec<_> = d
        .at("HostConfig.Ulimits")
        .as_array()
        .into_iter()
        .flatten()
        .map(|u| (plain(&u["Name"]), number(&u["Soft"]), number(&u["Hard"])))
        .collect();
    seen.sort();
    let words = seen.iter().map(|(name, soft, hard)| format!("{name} {soft}:{hard}")).collect::<Vec<_>>().join(", ");
    judge(seen == asked, if words.is_empty() { "not set".to_owned() } else { words })
}

fn network(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let mode = d.text("HostConfig.NetworkMode");
    let joined: Vec<&str> =
        d.object("NetworkSettings.Networks").map(|n| n.keys().map(String::as_str).collect()).unwrap_or_default();
    let ports = d.object("NetworkSettings.Ports").is_some_and(|ports| ports.values().any(|p| !is_empty(p)));
    let servers = d.at("HostConfig.Dns");
    let dns = if i.dns.is_empty() { is_empty(servers) } else { *servers == json!(i.dns) };
    judge(
        mode == i.profile.network && joined == [i.profile.network] && !ports && dns,
        format!("{mode}; joined {}; published ports: {}", joined.join(", "), if ports { "some" } else { "none" }),
    )
}

fn user(_: &Intended, d: &Described<'_>) -> Result<String, String> {
    let user = d.text("Config.User");
    judge(user == "0:0", format!("the guest runs as {user} of the container with the seven capabilities"))
}

fn sysctl(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let asked: BTreeMap<String, String> =
        i.profile.sysctls.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let seen: BTreeMap<String, String> =
        d.object("HostConfig.Sysctls").into_iter().flatten().map(|(k, v)| (k.clone(), plain(v))).collect();
    let words = seen.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ");
    judge(seen == asked, words)
}

fn logs(_: &Intended, d: &Described<'_>) -> Result<String, String> {
    let driver = d.text("HostConfig.LogConfig.Type");
    judge(driver == "none" && is_empty(d.at("HostConfig.LogConfig.Config")), format!("driver {driver}"))
}

fn identity(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let wrong: Vec<&str> = [
        ("name", d.text("Name").trim_start_matches('/') == i.container),
        ("image", d.text("Image") == i.image_id && d.text("Config.Image") == i.image_id),
        ("program", d.text("Path") == GUEST_TARGET && d.list("Args") == ["init"]),
        ("entrypoint", d.list("Config.Entrypoint") == [GUEST_TARGET] && d.list("Config.Cmd") == ["init"]),
        ("labels", i.labels.iter().all(|(key, value)| d.at("Config.Labels").get(key) == Some(&json!(value)))),
        ("hostname", d.text("Config.Hostname") == i.hostname),
        ("folder", d.text("Config.WorkingDir") == "/"),
        ("health check", d.list("Config.Healthcheck.Test") == ["NONE"]),
        ("stop signal", d.text("Config.StopSignal") == "SIGTERM"),
        ("restart policy", matches!(d.text("HostConfig.RestartPolicy.Name"), "no" | "")),
        ("init", !d.flag("HostConfig.Init")),
    ]
    .into_iter()
    .filter_map(|(what, right)| (!right).then_some(what))
    .collect();
    judge(
        wrong.is_empty(),
        if wrong.is_empty() { "as asked".to_owned() } else { format!("wrong {}", wrong.join(", ")) },
    )
}

fn block_io(i: &Intended, d: &Described<'_>) -> Result<String, String> {
    let weight = d.at("HostConfig.BlkioWeight").as_i64().unwrap_or(0);
    let seen = if weight == 0 { "the kernel has no block I/O weight".to_owned() } else { format!("weight {weight}") };
    judge(weight == i64::from(i.block_io_weight), seen)
}
