//! Verification can fail: every field of a good description, changed alone, is seen.

use guest_protocol::GuestReport;
use protocol::{TerminalId, Timestamp, security::Verdict};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::profile::STANDARD;

fn intended() -> Intended {
    let id = TerminalId::new(Uuid::from_u128(0xabc));
    let sorted = |paths: &[&str]| {
        let mut all: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
        all.sort();
        all
    };
    Intended {
        profile: &STANDARD,
        id,
        hostname: "prod".into(),
        limits: Limits { memory_bytes: 512 << 20, cpu_millis: 500 },
        image_id: "sha256:aa".into(),
        container: format!("rexec-00000000-{id}"),
        volume: format!("rexec-00000000-{id}"),
        labels: vec![("rexec.instance", "i".into()), ("rexec.terminal", id.to_string())],
        guest_binary: "/data/guest/rexec-guest".into(),
        link_dir: "/data/link/x".into(),
        masked: sorted(STANDARD.masked),
        read_only: sorted(STANDARD.read_only),
        block_io_weight: 500,
        dns: vec![],
        masked_here: vec!["/proc/keys".into(), "/sys/firmware".into()],
        read_only_here: vec!["/proc/sys".into()],
    }
}

/// The many empty fields of an engine's description.
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

/// As an engine of version 20.10 describes a container made from the profile.
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
            {"Type": "bind", "Source": i.link_dir, "Target": LINK_TARGET, "ReadOnly": true, "BindOptions": {"Propagation": "rprivate"}}
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
            bind(&i.guest_binary, GUEST_TARGET), bind(&i.link_dir, LINK_TARGET)
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

fn good_report() -> GuestReport {
    let lines = [
        "72 48 0:39 / / ro,relatime - overlay overlay rw",
        "73 72 0:42 / /proc rw,nosuid,nodev,noexec - proc proc rw",
        "74 72 0:43 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755",
        "89 72 0:48 / /tmp rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=102400k",
        "90 72 0:49 / /run rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=51200k",
        "91 72 0:50 / /root rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=51200k,mode=700",
        "92 72 254:0 /v/_data /home/user rw,relatime master:1 - ext4 /dev/vda rw",
        "93 72 254:0 /data/link/x /.rexec/link ro,relatime - ext4 /dev/vda rw",
        "94 72 254:0 /data/guest/g /.rexec/guest ro,relatime - ext4 /dev/vda rw",
        "97 72 0:51 / /var/tmp rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=51200k",
        "98 90 0:52 / /run rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=51200k",
        "52 73 0:42 /sys /proc/sys ro,nosuid,nodev,noexec,relatime - proc proc rw",
        "54 73 0:43 /null /proc/keys rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755",
        "57 76 0:54 / /sys/firmware ro,relatime - tmpfs tmpfs ro",
    ];
    let limit = |name: &str, soft: &str, hard: &str| (name.to_owned(), soft.to_owned(), hard.to_owned());
    GuestReport {
        cap_permitted: "00000000000004eb".into(),
        cap_bounding: "00000000000004eb".into(),
        no_new_privs: true,
        seccomp_mode: 2,
        mounts: lines.map(str::to_owned).to_vec(),
        uid_map: vec!["0 0 4294967295".into()],
        limits: vec![limit("Max open files", "4096", "16384"), limit("Max core file size", "0", "0")],
        root_read_only: true,
        pids_max: Some("256".into()),
        memory_max: Some((512 << 20).to_string()),
        unprivileged_port_start: Some(0),
        shell_uid: Some(1000),
    }
}

/// What a field means nothing for the container, or what the engine and the image may fill as they like.
const FREE: &[&str] = &[
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

/// Every value of the tree, by its JSON pointer.
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
fn a_good_container_is_right_and_scores_eighty() {
    let i = intended();
    assert_eq!(first_difference(&verify_outside(&i, &good(&i))), None);
    assert_eq!(first_difference(&verify_inside(&i, &good_report())), None);
    let report = report(&i, &good(&i), Some(&good_report()), Timestamp::from_millis(0));
    let unverified: Vec<_> =
        report.rows.iter().filter(|r| r.verdict != Verdict::Verified).map(|r| r.id.as_str()).collect();
    assert_eq!(unverified, ["seccomp_own", "user_namespace", "mac", "quota", "egress", "names", "own_kernel"]);
    assert_eq!(report.score_tenths, 80);
}

#[test]
fn every_field_changed_alone_is_seen() {
    let i = intended();
    let (good, mut paths) = (good(&i), Vec::new());
    leaves(&good, String::new(), &mut paths);
    let mut unseen = Vec::new();
    let mut tried = 0;
    for path in paths.iter().filter(|path| !FREE.iter().any(|free| path.starts_with(free))) {
        let value = good.pointer(path).unwrap();
        for other in changed(value) {
            let mut bad = good.clone();
            *bad.pointer_mut(path).unwrap() = other.clone();
            tried += 1;
            if first_difference(&verify_outside(&i, &bad)).is_none() {
                unseen.push(format!("{path}: {value} -> {other}"));
            }
        }
    }
    assert!(tried > 150, "only {tried} changes were tried");
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn a_setting_nobody_thought_of_is_seen() {
    let i = intended();
    for (section, value) in [("HostConfig", json!("on")), ("HostConfig", json!({"a": 1})), ("Config", json!(["x"]))] {
        let mut bad = good(&i);
        bad[section]["SomethingNew"] = value;
        assert!(first_difference(&verify_outside(&i, &bad)).unwrap().contains("SomethingNew"));
    }
    let mut missing = good(&i);
    missing.as_object_mut().unwrap().remove("HostConfig");
    assert!(first_difference(&verify_outside(&i, &missing)).is_some());
    assert!(first_difference(&verify_outside(&i, &Value::Null)).is_some());
}

#[test]
fn every_word_of_the_guest_changed_alone_is_seen() {
    let i = intended();
    let good = good_report();
    type Change = fn(&mut GuestReport);
    let changes: [(&str, Change); 13] = [
        ("permitted", |r| r.cap_permitted = "00000000a80425fb".into()),
        ("bounding", |r| r.cap_bounding = "000001ffffffffff".into()),
        ("no_new_privs", |r| r.no_new_privs = false),
        ("seccomp", |r| r.seccomp_mode = 0),
        ("limits", |r| r.limits.clear()),
        ("core", |r| r.limits[1].2 = "unlimited".into()),
        ("root", |r| r.root_read_only = false),
        ("pids", |r| r.pids_max = Some("max".into())),
        ("memory", |r| r.memory_max = Some("9223372036854771712".into())),
        ("port", |r| r.unprivileged_port_start = Some(1024)),
        ("uid", |r| r.shell_uid = Some(0)),
        ("no uid", |r| r.shell_uid = None),
        ("stranger", |r| r.mounts.push("9 9 0:1 /run/docker.sock /mnt rw - ext4 /dev/vda rw".into())),
    ];
    for (what, change) in changes {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(first_difference(&verify_inside(&i, &bad)).is_some(), "{what}");
    }
    // Each mount taken away alone, and each option that matters.
    for n in 0..good.mounts.len() {
        let mut bad = good.clone();
        let line = bad.mounts.remove(n);
        let needed = !line.contains(" /proc ") && !line.contains(" /dev ") && !line.contains(" /run ");
        assert_eq!(first_difference(&verify_inside(&i, &bad)).is_some(), needed, "{line}");
    }
    for (from, to) in
        [(",noexec,relatime - tmpfs", ",relatime - tmpfs"), ("size=51200k", "size=99999k"), (" ro,", " rw,")]
    {
        let mut bad = good.clone();
        bad.mounts.iter_mut().for_each(|line| *line = line.replace(from, to));
        assert!(first_difference(&verify_inside(&i, &bad)).is_some(), "{from}");
    }
}

#[test]
fn a_plain_container_scores_sixty() {
    let mut i = intended();
    // What engines mask and protect by themselves.
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
    let report = report(&i, &plain, Some(&seen), Timestamp::from_millis(0));
    let verified: Vec<_> =
        report.rows.iter().filter(|r| r.verdict == Verdict::Verified).map(|r| r.id.as_str()).collect();
    assert_eq!(report.score_tenths, 60, "{verified:?}");
}

#[test]
fn a_stopped_terminal_claims_nothing_from_inside() {
    let i = intended();
    let report = report(&i, &good(&i), None, Timestamp::from_millis(0));
    let row = |id: &str| report.rows.iter().find(|r| r.id == id).unwrap();
    assert_eq!(row("capabilities").verdict, Verdict::Unknown);
    assert_eq!(row("pids").verdict, Verdict::Verified);
    assert!(report.score_tenths < 80);
}
