//! The comparison detects every field of a matching description that is changed alone.

use protocol::{Timestamp, security::Verdict};
use serde_json::{Map, Value, json};

use super::*;
use crate::verify::{
    GUEST_TARGET, SOCKET_TARGET, first_difference, report,
    tests::{good_report, intended},
    verify_inside,
};

fn observe(intended: &Intended, description: &Value) -> Observed {
    Description(description.clone()).observe(intended)
}

fn checks(intended: &Intended, description: &Value) -> Vec<Check> {
    observe(intended, description).checks
}

/// The empty fields of a description.
fn unset() -> Map<String, Value> {
    let empties = [
        "Binds",
        "PortBindings",
        "VolumesFrom",
        "DnsOptions",
        "DnsSearch",
        "ExtraHosts",
        "GroupAdd",
        "Links",
        "Dns",
        "BlkioWeightDevice",
        "BlkioDeviceReadBps",
        "BlkioDeviceWriteBps",
        "BlkioDeviceReadIOps",
        "BlkioDeviceWriteIOps",
        "Devices",
        "DeviceCgroupRules",
        "DeviceRequests",
        "MemorySwappiness",
        "StorageOpt",
        "Annotations",
    ];
    let zeros = [
        "OomScoreAdj",
        "CpuShares",
        "CpuPeriod",
        "CpuQuota",
        "CpuRealtimePeriod",
        "CpuRealtimeRuntime",
        "MemoryReservation",
        "CpuCount",
        "CpuPercent",
        "IOMaximumIOps",
        "IOMaximumBandwidth",
    ];
    let blanks = [
        "ContainerIDFile",
        "VolumeDriver",
        "Cgroup",
        "PidMode",
        "UTSMode",
        "UsernsMode",
        "CgroupParent",
        "CpusetCpus",
        "CpusetMems",
    ];
    let mut host: Map<String, Value> = empties.iter().map(|k| ((*k).to_owned(), Value::Null)).collect();
    host.extend(zeros.iter().map(|k| ((*k).to_owned(), json!(0))));
    host.extend(blanks.iter().map(|k| ((*k).to_owned(), json!(""))));
    host.extend(["AutoRemove", "PublishAllPorts", "OomKillDisable"].map(|k| (k.to_owned(), json!(false))));
    host
}

/// Description of a container of the profile by engine version 20.10.
fn good(i: &Intended) -> Value {
    let mut host = unset();
    let set = json!({
        "LogConfig": {"Type": "none", "Config": {}},
        "NetworkMode": "rexec-isolated",
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "CapAdd": i.profile.capabilities, "CapDrop": ["ALL"], "CgroupnsMode": "private", "IpcMode": "private",
        "Privileged": false, "ReadonlyRootfs": true, "SecurityOpt": ["no-new-privileges:true"],
        "Tmpfs": i.profile.tmpfs.iter().map(|t| (t.path.to_owned(), json!(t.options()))).collect::<Map<_, _>>(),
        "ShmSize": 64 << 20, "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"}, "Runtime": "runc",
        "ConsoleSize": [0, 0], "Isolation": "", "Memory": 512 << 20, "MemorySwap": 512 << 20, "NanoCpus": 500_000_000,
        "BlkioWeight": 500, "PidsLimit": 256, "Init": false,
        "Ulimits": [{"Name": "nofile", "Soft": 4096, "Hard": 16384}, {"Name": "core", "Soft": 0, "Hard": 0}],
        "Mounts": [
            {"Type": "volume", "Source": i.volume, "Target": "/home/user", "VolumeOptions": {"Labels": {"a": "b"}}},
            {"Type": "bind", "Source": i.guest_binary, "Target": GUEST_TARGET, "ReadOnly": true, "BindOptions": {"Propagation": "rprivate"}},
            {"Type": "bind", "Source": i.socket_dir, "Target": SOCKET_TARGET, "ReadOnly": true, "BindOptions": {"Propagation": "rprivate"}}
        ],
        "MaskedPaths": i.masked, "ReadonlyPaths": i.read_only
    });
    host.extend(set.as_object().cloned().unwrap_or_default());
    let bind = |source: &str, target: &str| json!({"Type": "bind", "Source": source, "Destination": target, "Mode": "", "RW": false, "Propagation": "rprivate"});
    json!({
        "Id": "f00", "Name": format!("/{}", i.container), "Image": i.image_id, "Path": GUEST_TARGET, "Args": ["init"],
        "AppArmorProfile": "", "ProcessLabel": "",
        "HostConfig": host,
        "Mounts": [
            {"Type": "volume", "Name": i.volume, "Source": "/var/lib/docker/x", "Destination": "/home/user", "Driver": "local", "Mode": "z", "RW": true, "Propagation": ""},
            bind(&i.guest_binary, GUEST_TARGET), bind(&i.socket_dir, SOCKET_TARGET)
        ],
        "Config": {
            "Hostname": i.hostname, "Domainname": "", "User": "0:0", "AttachStdin": false, "AttachStdout": false,
            "AttachStderr": false, "Tty": false, "OpenStdin": false, "StdinOnce": false, "Env": ["PATH=/bin"],
            "Cmd": ["init"], "Image": i.image_id, "Volumes": null, "WorkingDir": "/", "Entrypoint": [GUEST_TARGET],
            "OnBuild": null, "Healthcheck": {"Test": ["NONE"]}, "StopSignal": "SIGTERM", "NetworkDisabled": false,
            "Labels": {"rexec.image": "debian", "rexec.instance": "i", "rexec.terminal": i.id.to_string()}
        },
        "NetworkSettings": {"Ports": {}, "Networks": {"rexec-isolated": {"Links": null}}}
    })
}

/// Values without effect on isolation, and values of the engine or of the image.
const IGNORED: &[&str] = &[
    "/Id",
    "/AppArmorProfile",
    "/ProcessLabel",
    "/HostConfig/Runtime",
    "/HostConfig/ConsoleSize",
    "/HostConfig/Isolation",
    "/HostConfig/RestartPolicy/MaximumRetryCount",
    "/HostConfig/Mounts/0/VolumeOptions/Labels",
    "/Mounts/0/Source",
    "/Mounts/0/Mode",
    "/Mounts/0/Propagation",
    "/Mounts/1/Mode",
    "/Mounts/2/Mode",
    "/Config/Env",
    "/Config/Labels/rexec.image",
    "/NetworkSettings/Networks/rexec-isolated",
];

/// JSON pointers of all values in the tree.
fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                leaves(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (n, value) in items.iter().enumerate() {
                leaves(value, format!("{at}/{n}"), found);
            }
            found.push(at);
        }
        _ => found.push(at),
    }
}

fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![json!("x"), json!(["x"]), json!({"x": "y"}), json!(true), json!(7)],
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(n) => vec![json!(n.as_i64().unwrap_or(0) + 1), json!(-1)],
        Value::String(text) => vec![json!(format!("{text}x")), json!("host")],
        Value::Array(items) => {
            let (mut more, mut less) = (items.clone(), items.clone());
            more.push(json!("x"));
            less.pop();
            vec![json!(more), json!(less), json!([])]
        }
        Value::Object(_) => vec![json!({"x": "y"})],
    }
}

#[test]
fn a_container_of_the_profile_matches_and_scores_eighty() {
    let i = intended();
    assert_eq!(first_difference(&checks(&i, &good(&i))), None);
    assert_eq!(first_difference(&verify_inside(&i, &good_report())), None);
    let report = report(&i, &observe(&i, &good(&i)), Some(&good_report()), Timestamp::from_millis(0));
    let unverified: Vec<_> =
        report.rows.iter().filter(|r| r.verdict != Verdict::Verified).map(|r| r.id.as_str()).collect();
    assert_eq!(unverified, ["seccomp_own", "user_namespace", "mac", "quota", "egress", "names", "own_kernel"]);
    assert_eq!(report.score_tenths, 80);
}

#[test]
fn every_field_of_the_description_changed_alone_is_a_difference() {
    let i = intended();
    let (good, mut paths) = (good(&i), Vec::new());
    leaves(&good, String::new(), &mut paths);
    let mut unseen = Vec::new();
    let mut tried = 0;
    for path in paths.iter().filter(|path| !IGNORED.iter().any(|ignored| path.starts_with(ignored))) {
        let value = good.pointer(path).unwrap();
        for other in changed(value) {
            let mut bad = good.clone();
            *bad.pointer_mut(path).unwrap() = other.clone();
            tried += 1;
            if first_difference(&checks(&i, &bad)).is_none() {
                unseen.push(format!("{path}: {value} -> {other}"));
            }
        }
    }
    assert!(tried > 150, "only {tried} changes were tried");
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn a_field_that_no_rule_claims_is_a_difference() {
    let i = intended();
    for (section, value) in [("HostConfig", json!("on")), ("HostConfig", json!({"a": 1})), ("Config", json!(["x"]))] {
        let mut bad = good(&i);
        bad[section]["SomethingNew"] = value;
        assert!(first_difference(&checks(&i, &bad)).unwrap().contains("SomethingNew"));
    }
    let mut missing = good(&i);
    missing.as_object_mut().unwrap().remove("HostConfig");
    assert!(first_difference(&checks(&i, &missing)).is_some());
    assert!(first_difference(&checks(&i, &Value::Null)).is_some());
}

#[test]
fn a_plain_container_scores_sixty() {
    let mut i = intended();
    // Masked by engines by default.
    let defaults = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/scsi", "/sys/firmware"];
    let plain = json!({
        "Name": "/quiet_hopper", "Image": i.image_id, "Path": "/bin/bash", "Args": [],
        "HostConfig": {
            "NetworkMode": "default", "RestartPolicy": {"Name": "no"}, "LogConfig": {"Type": "json-file", "Config": {}},
            "CgroupnsMode": "private", "IpcMode": "private", "Privileged": false, "ReadonlyRootfs": false, "ShmSize": 64 << 20,
            "Runtime": "runc", "ConsoleSize": [0, 0], "MaskedPaths": defaults, "ReadonlyPaths": i.read_only
        },
        "Mounts": [],
        "Config": {"Hostname": "f00", "User": "", "Env": ["PATH=/bin"], "Cmd": ["/bin/bash"], "Image": "debian", "WorkingDir": "/"},
        "NetworkSettings": {"Ports": {}, "Networks": {"bridge": {}}}
    });
    i.block_io_weight = 0;
    let mut seen = good_report();
    (seen.cap_permitted, seen.cap_bounding) = ("00000000a80425fb".into(), "00000000a80425fb".into());
    seen.no_new_privs = false;
    seen.root_read_only = false;
    seen.shell_uid = Some(0);
    let report = report(&i, &observe(&i, &plain), Some(&seen), Timestamp::from_millis(0));
    let verified: Vec<_> =
        report.rows.iter().filter(|r| r.verdict == Verdict::Verified).map(|r| r.id.as_str()).collect();
    assert_eq!(report.score_tenths, 60, "{verified:?}");
}

#[test]
fn controls_that_need_the_guest_are_unknown_without_its_report() {
    let i = intended();
    let report = report(&i, &observe(&i, &good(&i)), None, Timestamp::from_millis(0));
    let row = |id: &str| report.rows.iter().find(|r| r.id == id).unwrap();
    assert_eq!(row("capabilities").verdict, Verdict::Unknown);
    assert_eq!(row("pids").verdict, Verdict::Verified);
    assert!(report.score_tenths < 80);
}
