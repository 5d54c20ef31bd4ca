//! The comparison of each control. A function returns the observed value as text: `Ok` when it is the intended one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::json::{Description, is_empty, plain, security_options};
use crate::verify::{GUEST_TARGET, Intended, SOCKET_TARGET};

fn verdict(matches: bool, observed: impl Into<String>) -> Result<String, String> {
    if matches { Ok(observed.into()) } else { Err(observed.into()) }
}

pub(super) fn namespaces(_: &Intended, d: &Description) -> Result<String, String> {
    let (pid, ipc, uts, cgroup) = (
        d.text("HostConfig.PidMode"),
        d.text("HostConfig.IpcMode"),
        d.text("HostConfig.UTSMode"),
        d.text("HostConfig.CgroupnsMode"),
    );
    let word = |mode: &str| if mode.is_empty() { "private".to_owned() } else { mode.to_owned() };
    let observed = format!("pid {}, ipc {}, uts {}, cgroup {}", word(pid), word(ipc), word(uts), word(cgroup));
    verdict(pid.is_empty() && ipc == "private" && uts.is_empty() && cgroup == "private", observed)
}

/// Devices, device rules, requests and groups are not claimed, so each of them is a difference on its own.
pub(super) fn devices(_: &Intended, d: &Description) -> Result<String, String> {
    let devices = ["Devices", "DeviceCgroupRules", "DeviceRequests", "GroupAdd"]
        .iter()
        .filter(|key| !is_empty(d.value(&format!("HostConfig.{key}"))))
        .count();
    let privileged = d.value("HostConfig.Privileged");
    let observed = format!("privileged {privileged}, {devices} device settings");
    verdict(privileged == &Value::Bool(false) && devices == 0, observed)
}

pub(super) fn seccomp(_: &Intended, d: &Description) -> Result<String, String> {
    let options = d.list("HostConfig.SecurityOpt");
    let requested = security_options();
    if options.iter().any(|option| !requested.contains(option)) {
        return Err(format!("options {options:?}"));
    }
    Ok("the engine's default filter".to_owned())
}

pub(super) fn read_only_paths(i: &Intended, d: &Description) -> Result<String, String> {
    same_paths(&i.read_only, &d.sorted("HostConfig.ReadonlyPaths"))
}

pub(super) fn masked_paths(i: &Intended, d: &Description) -> Result<String, String> {
    same_paths(&i.masked, &d.sorted("HostConfig.MaskedPaths"))
}

fn same_paths(intended: &[String], observed: &[String]) -> Result<String, String> {
    let missing: Vec<_> = intended.iter().filter(|path| !observed.contains(path)).cloned().collect();
    if intended == observed {
        Ok(format!("{} paths", observed.len()))
    } else {
        Err(format!("missing: {}", missing.join(", ")))
    }
}

pub(super) fn capabilities(i: &Intended, d: &Description) -> Result<String, String> {
    // Some engine versions add the kernel's prefix.
    let without_prefix = |list: Vec<String>| -> Vec<String> {
        list.into_iter().map(|c| c.strip_prefix("CAP_").map_or(c.clone(), str::to_owned)).collect()
    };
    let (dropped, added) =
        (without_prefix(d.sorted("HostConfig.CapDrop")), without_prefix(d.sorted("HostConfig.CapAdd")));
    let mut requested: Vec<&str> = i.profile.capabilities.to_vec();
    requested.sort_unstable();
    verdict(dropped == ["ALL"] && added == requested, format!("drop {}; add {}", dropped.join(", "), added.join(", ")))
}

pub(super) fn privileges(_: &Intended, d: &Description) -> Result<String, String> {
    let options = d.list("HostConfig.SecurityOpt");
    let found = options.iter().filter(|o| o.starts_with("no-new-privileges")).cloned().collect::<Vec<_>>().join(", ");
    let matches = found == "no-new-privileges:true";
    verdict(matches, if found.is_empty() { "not set".to_owned() } else { found })
}

pub(super) fn root_filesystem(_: &Intended, d: &Description) -> Result<String, String> {
    let read_only = d.flag("HostConfig.ReadonlyRootfs");
    verdict(read_only, if read_only { "read-only" } else { "writable" })
}

pub(super) fn tmpfs(i: &Intended, d: &Description) -> Result<String, String> {
    let requested: BTreeMap<String, String> =
        i.profile.tmpfs.iter().map(|t| (t.path.to_owned(), t.options())).collect();
    let observed: BTreeMap<String, String> = d
        .object("HostConfig.Tmpfs")
        .into_iter()
        .flatten()
        .map(|(path, options)| (path.clone(), plain(options)))
        .collect();
    let shm = d.number("HostConfig.ShmSize");
    let text = observed.iter().map(|(path, options)| format!("{path} {options}")).collect::<Vec<_>>().join("; ");
    verdict(requested == observed && shm == i64::from(i.profile.shm_mib) * 1024 * 1024, text)
}

pub(super) fn home(i: &Intended, d: &Description) -> Result<String, String> {
    let at_home: Vec<_> = d.array("Mounts").filter(|m| m["Destination"] == i.profile.home).collect();
    let [mount] = at_home[..] else { return Err(format!("{} mounts at {}", at_home.len(), i.profile.home)) };
    let matches = mount["Type"] == "volume"
        && mount["Name"] == i.volume.as_str()
        && mount["Driver"] == "local"
        && mount["RW"] == true;
    verdict(matches, format!("{} {}", plain(&mount["Type"]), plain(&mount["Name"])))
}

pub(super) fn mounts(i: &Intended, d: &Description) -> Result<String, String> {
    let bind = |source: &str, target: &str| (source.to_owned(), target.to_owned());
    let mut requested = vec![bind(&i.guest_binary, GUEST_TARGET), bind(&i.socket_dir, SOCKET_TARGET)];
    requested.sort();
    let mut observed = Vec::new();
    for mount in d.array("Mounts").filter(|m| m["Destination"] != i.profile.home) {
        let private = mount["Propagation"] == "rprivate" || mount["Propagation"] == "private";
        if mount["Type"] != "bind" || mount["RW"] != false || !private {
            return Err(format!("{} at {} is {}", plain(&mount["Type"]), plain(&mount["Destination"]), mount["RW"]));
        }
        observed.push((plain(&mount["Source"]), plain(&mount["Destination"])));
    }
    observed.sort();
    let requested_plan = requested_mounts(i);
    let plan: Vec<Value> = d.array("HostConfig.Mounts").map(without_defaults).collect();
    let targets = observed.iter().map(|(_, target)| format!("{target} ro")).collect::<Vec<_>>().join(", ");
    verdict(observed == requested && plan == requested_plan, targets)
}

/// The requested mounts, without the fields that some engine versions omit at their defaults.
fn requested_mounts(i: &Intended) -> Vec<Value> {
    vec![
        json!({"Type": "volume", "Source": i.volume, "Target": i.profile.home, "ReadOnly": false}),
        json!({"Type": "bind", "Source": i.guest_binary, "Target": GUEST_TARGET, "ReadOnly": true}),
        json!({"Type": "bind", "Source": i.socket_dir, "Target": SOCKET_TARGET, "ReadOnly": true}),
    ]
}

/// The mount without fields at their defaults. Any other field stays, and makes it differ from the requested one.
fn without_defaults(mount: &Value) -> Value {
    let mut reduced = json!({
        "Type": mount["Type"], "Source": mount["Source"], "Target": mount["Target"],
        "ReadOnly": mount["ReadOnly"].as_bool().unwrap_or(false),
    });
    for (key, value) in mount.as_object().into_iter().flatten() {
        let default = matches!(key.as_str(), "Type" | "Source" | "Target" | "ReadOnly")
            || is_empty(value)
            || (key == "BindOptions" && value == &json!({"Propagation": "rprivate"}))
            || (key == "VolumeOptions" && value.get("Labels").is_some() && value.as_object().map(Map::len) == Some(1));
        if !default {
            reduced[key] = value.clone();
        }
    }
    reduced
}

pub(super) fn pids(i: &Intended, d: &Description) -> Result<String, String> {
    let observed = d.number("HostConfig.PidsLimit");
    verdict(observed == i64::from(i.profile.pids_max), number_text(observed))
}

fn number_text(n: i64) -> String {
    if n == i64::MIN { "not set".to_owned() } else { n.to_string() }
}

pub(super) fn memory(i: &Intended, d: &Description) -> Result<String, String> {
    let (memory, with_swap) = (d.number("HostConfig.Memory"), d.number("HostConfig.MemorySwap"));
    let requested = i64::try_from(i.limits.memory_bytes).unwrap_or(i64::MAX);
    verdict(
        memory == requested && with_swap == requested,
        format!("memory {}, memory and swap {}", number_text(memory), number_text(with_swap)),
    )
}

pub(super) fn cpu(i: &Intended, d: &Description) -> Result<String, String> {
    let nano = d.number("HostConfig.NanoCpus");
    verdict(nano == i.limits.nano_cpus(), format!("{} thousandths of a core", number_text(nano / 1_000_000)))
}

pub(super) fn ulimits(i: &Intended, d: &Description) -> Result<String, String> {
    let mut requested: Vec<_> = i.profile.ulimits.iter().map(|u| (u.name.to_owned(), u.soft, u.hard)).collect();
    requested.sort();
    let number = |value: &Value| value.as_i64().unwrap_or(i64::MIN);
    let mut observed: Vec<_> =
        d.array("HostConfig.Ulimits").map(|u| (plain(&u["Name"]), number(&u["Soft"]), number(&u["Hard"]))).collect();
    observed.sort();
    let text = observed.iter().map(|(name, soft, hard)| format!("{name} {soft}:{hard}")).collect::<Vec<_>>().join(", ");
    verdict(observed == requested, if text.is_empty() { "not set".to_owned() } else { text })
}

pub(super) fn network(i: &Intended, d: &Description) -> Result<String, String> {
    let mode = d.text("HostConfig.NetworkMode");
    let joined: Vec<&str> =
        d.object("NetworkSettings.Networks").map(|n| n.keys().map(String::as_str).collect()).unwrap_or_default();
    let ports = d.object("NetworkSettings.Ports").is_some_and(|ports| ports.values().any(|p| !is_empty(p)));
    let servers = d.value("HostConfig.Dns");
    let dns = if i.dns.is_empty() { is_empty(servers) } else { *servers == json!(i.dns) };
    verdict(
        mode == i.profile.network && joined == [i.profile.network] && !ports && dns,
        format!("{mode}; joined {}; published ports: {}", joined.join(", "), if ports { "some" } else { "none" }),
    )
}

pub(super) fn user(i: &Intended, d: &Description) -> Result<String, String> {
    let user = d.text("Config.User");
    verdict(
        user == "0:0",
        format!("the guest runs as {user} of the container with {} capabilities", i.profile.capabilities.len()),
    )
}

pub(super) fn sysctl(i: &Intended, d: &Description) -> Result<String, String> {
    let requested: BTreeMap<String, String> =
        i.profile.sysctls.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let observed: BTreeMap<String, String> =
        d.object("HostConfig.Sysctls").into_iter().flatten().map(|(k, v)| (k.clone(), plain(v))).collect();
    let text = observed.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ");
    verdict(observed == requested, text)
}

pub(super) fn logs(_: &Intended, d: &Description) -> Result<String, String> {
    let driver = d.text("HostConfig.LogConfig.Type");
    verdict(driver == "none" && is_empty(d.value("HostConfig.LogConfig.Config")), format!("driver {driver}"))
}

pub(super) fn identity(i: &Intended, d: &Description) -> Result<String, String> {
    let wrong: Vec<&str> = [
        ("name", d.text("Name").trim_start_matches('/') == i.container),
        ("image", d.text("Image") == i.image_id && d.text("Config.Image") == i.image_id),
        ("program", d.text("Path") == GUEST_TARGET && d.list("Args") == ["init"]),
        ("entrypoint", d.list("Config.Entrypoint") == [GUEST_TARGET] && d.list("Config.Cmd") == ["init"]),
        ("labels", i.labels.iter().all(|(key, value)| d.value("Config.Labels").get(key) == Some(&json!(value)))),
        ("hostname", d.text("Config.Hostname") == i.hostname),
        ("folder", d.text("Config.WorkingDir") == "/"),
        ("health check", d.list("Config.Healthcheck.Test") == ["NONE"]),
        ("stop signal", d.text("Config.StopSignal") == "SIGTERM"),
        ("restart policy", matches!(d.text("HostConfig.RestartPolicy.Name"), "no" | "")),
        ("init", !d.flag("HostConfig.Init")),
    ]
    .into_iter()
    .filter_map(|(what, matches)| (!matches).then_some(what))
    .collect();
    verdict(
        wrong.is_empty(),
        if wrong.is_empty() { "as requested".to_owned() } else { format!("wrong {}", wrong.join(", ")) },
    )
}

pub(super) fn block_io(i: &Intended, d: &Description) -> Result<String, String> {
    let weight = d.value("HostConfig.BlkioWeight").as_i64().unwrap_or(0);
    let observed =
        if weight == 0 { "the kernel has no block I/O weight".to_owned() } else { format!("weight {weight}") };
    verdict(weight == i64::from(i.block_io_weight), observed)
}
