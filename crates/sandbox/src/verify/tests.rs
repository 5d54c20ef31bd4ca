//! Fixtures of an intended container and its guest's report, and the tests of the report's comparison.

use guest_protocol::GuestReport;
use protocol::SandboxId;
use uuid::Uuid;

use super::*;
use crate::profile::STANDARD;

pub(crate) fn intended() -> Intended {
    let id = SandboxId::new(Uuid::from_u128(0xabc));
    let sorted = |paths: &[&str]| {
        let mut all: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
        all.sort();
        all
    };
    Intended {
        profile: STANDARD,
        id,
        hostname: "prod".into(),
        limits: Limits { memory_bytes: 512 << 20, cpu_millis: 500 },
        image_id: "sha256:aa".into(),
        container: format!("rexec-00000000-{id}"),
        volume: format!("rexec-00000000-{id}"),
        labels: vec![("rexec.instance", "i".into()), ("rexec.terminal", id.to_string())],
        guest_binary: "/data/guest/rexec-guest".into(),
        socket_dir: "/data/link/x".into(),
        masked: sorted(STANDARD.masked),
        read_only: sorted(STANDARD.read_only),
        block_io_weight: 500,
        dns: vec![],
        masked_on_host: vec!["/proc/keys".into(), "/sys/firmware".into()],
        read_only_on_host: vec!["/proc/sys".into()],
    }
}

pub(crate) fn good_report() -> GuestReport {
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

#[test]
fn every_field_of_the_report_changed_alone_is_a_difference() {
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
        ("unknown mount", |r| r.mounts.push("9 9 0:1 /run/docker.sock /mnt rw - ext4 /dev/vda rw".into())),
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
