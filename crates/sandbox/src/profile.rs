//! The hardening profile, written down once as data. What is here is asked of the engine (`docker/create.rs`),
//! compared with what came out (`verify/`), scored, and shown in the Security panel.
//!
//! This file refuses to know engines and terminals: it holds values and the reasons for them.

/// A temporary file system of every container. Its pages count against the memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tmpfs {
    /// Where it is mounted.
    pub path: &'static str,
    /// Size in MiB.
    pub size_mib: u32,
    /// Programs may be started from it.
    pub exec: bool,
    /// Permission bits of its root, octal.
    pub mode: &'static str,
}

impl Tmpfs {
    /// The options as the engine takes them. Engines add `noexec` by themselves, so `exec` is said where it is wanted.
    pub fn options(&self) -> String {
        let exec = if self.exec { "exec" } else { "noexec" };
        format!("rw,{exec},nosuid,nodev,size={}m,mode={}", self.size_mib, self.mode)
    }
}

/// A soft and a hard resource limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulimit {
    /// The engine's name, e.g. `nofile`.
    pub name: &'static str,
    /// The title of its line in `/proc/self/limits`.
    pub proc_title: &'static str,
    /// Soft limit.
    pub soft: i64,
    /// Hard limit.
    pub hard: i64,
}

/// Where the filter of system calls comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seccomp {
    /// The engine's default allow-list.
    EngineDefault,
    /// The JSON text of an allow-list of ours, at least as tight.
    Own(&'static str),
}

/// One row of the profile as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stable name.
    pub id: &'static str,
    /// Title.
    pub title: &'static str,
    /// What is asked for.
    pub asked: &'static str,
    /// Points for the score, in tenths, when it is verified.
    pub points: u32,
    /// What it protects from, and where the rule comes from.
    pub protects: &'static str,
    /// Why it is not in force in this version; such a row is verified only where the host happens to provide it.
    pub pending: Option<&'static str>,
}

/// Everything a container is started with.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Name in the API.
    pub name: &'static str,
    /// Capabilities that are left after all are dropped (CIS Docker Benchmark 5.3).
    pub capabilities: &'static [&'static str],
    /// The same set as the kernel prints it in `CapPrm` and `CapBnd`.
    pub capability_mask: u64,
    /// Filter of system calls (CIS 5.21).
    pub seccomp: Seccomp,
    /// Temporary file systems.
    pub tmpfs: &'static [Tmpfs],
    /// Paths hidden from the container. The engine's own defaults are added to these, never replaced by them.
    pub masked: &'static [&'static str],
    /// Paths made read-only; the engine's own defaults are added to these too.
    pub read_only: &'static [&'static str],
    /// Processes and threads (CIS 5.28).
    pub pids_max: u32,
    /// Other limits (CIS 5.18).
    pub ulimits: &'static [Ulimit],
    /// Block I/O weight, 10 to 1000, where the kernel has it.
    pub block_io_weight: u16,
    /// Size of `/dev/shm` in MiB.
    pub shm_mib: u32,
    /// The bridge.
    pub network: &'static str,
    /// Kernel settings of the container's own namespaces.
    pub sysctls: &'static [(&'static str, &'static str)],
    /// Uid and gid of every shell.
    pub shell_uid: u32,
    /// The guest may run a command as root of the container when the person asks for it (`sudo`).
    pub root_allowed: bool,
    /// The persistent folder.
    pub home: &'static str,
    /// The rows that are shown and scored.
    pub rows: &'static [Row],
}

impl Profile {
    /// The row of that name.
    pub fn row(&self, id: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.id == id)
    }
}

const MIB_TMP: u32 = 100;
const MIB_SMALL: u32 = 50;

const fn scratch(path: &'static str, size_mib: u32, mode: &'static str) -> Tmpfs {
    Tmpfs { path, size_mib, exec: false, mode }
}

/// The profile of every terminal.
pub const STANDARD: Profile = Profile {
    name: "standard",
    capabilities: &["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "KILL", "NET_BIND_SERVICE"],
    capability_mask: 0x4eb,
    seccomp: Seccomp::EngineDefault,
    tmpfs: &[
        scratch("/tmp", MIB_TMP, "1777"),
        scratch("/var/tmp", MIB_SMALL, "1777"),
        scratch("/run", MIB_SMALL, "0755"),
        // Where /var/run is a link to /run (Debian and most others), the engine follows it and this one lies on top
        // of the one above: same size, same flags. Where it is a folder of its own, it is covered all the same.
        scratch("/var/run", MIB_SMALL, "0755"),
        Tmpfs { path: "/root", size_mib: MIB_SMALL, exec: true, mode: "0700" },
    ],
    masked: &[
        "/proc/acpi",
        "/proc/asound",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/sys/firmware",
        "/sys/devices/virtual/powercap",
        "/sys/kernel",
        // Masked by newer engines (28) and not by older ones.
        "/proc/interrupts",
        // The host's boot line; no engine masks it.
        "/proc/cmdline",
    ],
    // The last one: with control groups of version 1 its top is a tmpfs that container root may write to.
    read_only: &["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys/fs/cgroup"],
    pids_max: 256,
    ulimits: &[
        Ulimit { name: "nofile", proc_title: "Max open files", soft: 4096, hard: 16_384 },
        Ulimit { name: "core", proc_title: "Max core file size", soft: 0, hard: 0 },
    ],
    block_io_weight: 500,
    shm_mib: 64,
    network: "rexec-isolated",
    sysctls: &[("net.ipv4.ip_unprivileged_port_start", "0")],
    shell_uid: 1000,
    root_allowed: true,
    home: "/home/user",
    rows: ROWS,
};

const fn row(id: &'static str, title: &'static str, points: u32, asked: &'static str, protects: &'static str) -> Row {
    Row { id, title, asked, points, protects, pending: None }
}

const fn pending(
    id: &'static str,
    title: &'static str,
    points: u32,
    asked: &'static str,
    protects: &'static str,
    why: &'static str,
) -> Row {
    Row { id, title, asked, points, protects, pending: Some(why) }
}

/// 100 points in all. Sixty are what a plain engine container has (the first four rows), twenty are what this profile
/// adds, ten are the rows still pending, ten are a kernel of one's own. Hence the yardstick: plain 6, standard 8,
/// everything under gVisor 9 and more.
const ROWS: &[Row] = &[
    row(
        "namespaces",
        "Own namespaces",
        20,
        "PID, IPC, UTS, mount, cgroup and network namespaces of its own; none of the host's, none of another container's",
        "Seeing, signalling or reaching processes outside (CIS 5.9, 5.15, 5.16, 5.20)",
    ),
    row(
        "devices",
        "No devices, not privileged",
        15,
        "privileged off; no host devices, no device rules, no extra groups",
        "Reaching disks, memory and other hardware of the host (CIS 5.4, 5.17)",
    ),
    row(
        "seccomp",
        "System call filter",
        15,
        "the engine's default allow-list, mode 2 (filter)",
        "Kernel holes behind rarely used system calls (CIS 5.21)",
    ),
    row(
        "read_only_paths",
        "Kernel settings read-only",
        10,
        "/proc/bus, fs, irq, sys, sysrq-trigger; /sys/fs/cgroup; and whatever the engine adds",
        "Changing the host's kernel through /proc",
    ),
    row(
        "capabilities",
        "Capabilities",
        4,
        "drop ALL; keep CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID, KILL, NET_BIND_SERVICE (mask 00000000000004eb)",
        "Root in the container acting on the kernel: raw packets, device nodes, chroot tricks, file capabilities (CIS 5.3)",
    ),
    row(
        "privileges",
        "No new privileges",
        3,
        "no-new-privileges:true",
        "setuid programs and file capabilities raising rights (CIS 5.25)",
    ),
    row(
        "root_filesystem",
        "Root file system read-only",
        2,
        "read-only",
        "A break-in that stays: changed programs and libraries (CIS 5.12)",
    ),
    row(
        "tmpfs",
        "Scratch space",
        1,
        "/tmp 100 MiB, /var/tmp, /run, /var/run 50 MiB: rw,noexec,nosuid,nodev; /root 50 MiB: rw,nosuid,nodev",
        "Programs dropped into world-writable folders; scratch files filling the host's disk",
    ),
    row(
        "home",
        "Home volume",
        1,
        "/home/user: a volume of this terminal alone, deleted with it",
        "One terminal reading what another left behind",
    ),
    row(
        "masked_paths",
        "Kernel details hidden",
        1,
        "/proc/acpi, asound, kcore, keys, latency_stats, timer_list, timer_stats, sched_debug, scsi, interrupts, cmdline; /sys/firmware, \
         /sys/devices/virtual/powercap, /sys/kernel, and whatever the engine adds",
        "Reading the host's keys, addresses, power and timing from inside (side channels)",
    ),
    row("pids", "Process limit", 1, "256 processes and threads", "A fork bomb taking the host down (CIS 5.28)"),
    row(
        "memory",
        "Memory limit",
        1,
        "the tier's memory; swap equal to memory, so none is added",
        "One terminal starving the others (CIS 5.10)",
    ),
    row("cpu", "CPU quota", 1, "the tier's share of the cores", "One terminal slowing the others (CIS 5.11)"),
    row(
        "ulimits",
        "Open files, core dumps",
        1,
        "nofile 4096, at most 16384; core 0",
        "Using up the host's file table; memory images of programs on disk (CIS 5.18)",
    ),
    row(
        "network",
        "Isolated network",
        2,
        "bridge rexec-isolated, traffic between containers refused, no published ports",
        "Reaching other people's terminals (CIS 2.1, 5.7, 5.13, 5.29)",
    ),
    row(
        "user",
        "Shell without root",
        2,
        "every shell runs as user, uid 1000",
        "Ordinary work done with root's rights (CIS 4.1)",
    ),
    row(
        "mounts",
        "Nothing of the host mounted",
        0,
        "besides the home volume only the guest program and its link folder, both read-only",
        "The host's files or the engine's socket inside a container (CIS 5.5, 5.31)",
    ),
    row(
        "sysctl",
        "Kernel settings",
        0,
        "net.ipv4.ip_unprivileged_port_start=0, nothing else",
        "Needing a capability to serve on port 80; other settings sneaking in",
    ),
    row(
        "logs",
        "No engine log",
        0,
        "log driver none; the engine never holds a stream of the container",
        "What is typed and shown ending up in a log file of the host",
    ),
    row(
        "identity",
        "Identity",
        0,
        "the image that was asked for, the guest as the only program, our labels, no restart, no health check",
        "An image that starts something else (ENTRYPOINT, HEALTHCHECK, USER, VOLUME)",
    ),
    row(
        "block_io",
        "Disk share",
        0,
        "block I/O weight 500 where the kernel has it",
        "One terminal's disk traffic starving the others",
    ),
    pending(
        "seccomp_own",
        "Own system call filter",
        2,
        "tighter than the engine's: no io_uring, vsock, AF_ALG, userfaultfd, bpf, keyctl, new user namespaces",
        "Kernel holes in the calls the engine's default still allows",
        "Not in force yet: this version uses the engine's default filter.",
    ),
    pending(
        "user_namespace",
        "User namespace",
        3,
        "container root is an unprivileged user of the host",
        "A break-out arriving on the host as root (CIS 2.9)",
        "Not in force: the engine does not remap users (start dockerd with --userns-remap to have it).",
    ),
    pending(
        "mac",
        "AppArmor or SELinux",
        1,
        "a profile, when the kernel has it",
        "A break-out going on after the first step (CIS 5.1, 5.2)",
        "Not in force: the engine applies no AppArmor or SELinux profile on this host.",
    ),
    pending(
        "quota",
        "Disk quota",
        2,
        "a size limit on the home volume",
        "One terminal filling the host's disk",
        "Not in force yet: the home volume has no limit of size or of files (inodes) in this version; only the host's disk bounds it.",
    ),
    pending(
        "egress",
        "Egress policy",
        2,
        "the host itself, metadata addresses and private ranges refused; the rest by policy",
        "Attacking the host's services, the cloud's metadata, the local network",
        "Not in force yet: this version lets a terminal reach every address the host can reach.",
    ),
    pending(
        "names",
        "Names of other terminals",
        0,
        "no terminal can look up another one's name or address",
        "Learning who else is there",
        "Not in force yet: the engine's name service answers inside a terminal for the ids and host names of the others, though none can \
         be connected to.",
    ),
    pending(
        "own_kernel",
        "Kernel of its own",
        10,
        "gVisor (profile gvisor)",
        "Holes in the host's kernel",
        "Not part of this profile: the container shares the host's kernel.",
    ),
];

/// Commands to check by hand in the terminal.
pub const COMMANDS: &[&str] =
    &["grep Cap /proc/self/status", "id", "mount | grep -E '(proc|sys|dev)'", "ip addr", "ulimit -a"];

#[cfg(test)]
mod tests {
    use super::*;

    /// The published rules, spelled out: whoever changes the profile changes this table too, knowingly.
    #[test]
    fn the_profile_is_what_the_rules_say() {
        let p = STANDARD;
        assert_eq!(p.capabilities, ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "KILL", "NET_BIND_SERVICE"]);
        let tmpfs: Vec<_> = p.tmpfs.iter().map(|t| (t.path, t.options())).collect();
        let scratch = |size: &str, mode: &str| format!("rw,noexec,nosuid,nodev,size={size},mode={mode}");
        assert_eq!(
            tmpfs,
            [
                ("/tmp", scratch("100m", "1777")),
                ("/var/tmp", scratch("50m", "1777")),
                ("/run", scratch("50m", "0755")),
                ("/var/run", scratch("50m", "0755")),
                ("/root", "rw,exec,nosuid,nodev,size=50m,mode=0700".to_owned()),
            ]
        );
        for masked in ["acpi", "asound", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug"] {
            assert!(p.masked.contains(&format!("/proc/{masked}").as_str()), "{masked}");
        }
        for masked in ["/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/kernel"] {
            assert!(p.masked.contains(&masked), "{masked}");
        }
        let read_only = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys/fs/cgroup"];
        assert_eq!(p.read_only, read_only);
        assert_eq!(p.pids_max, 256);
        assert_eq!((p.network, p.shell_uid, p.home), ("rexec-isolated", 1000, "/home/user"));
        assert_eq!(p.sysctls, [("net.ipv4.ip_unprivileged_port_start", "0")]);
    }

    /// capabilities(7), `include/uapi/linux/capability.h`.
    #[test]
    fn seven_capabilities_are_4eb() {
        let bit = |name: &str| match name {
            "CHOWN" => 0,
            "DAC_OVERRIDE" => 1,
            "FOWNER" => 3,
            "KILL" => 5,
            "SETGID" => 6,
            "SETUID" => 7,
            "NET_BIND_SERVICE" => 10,
            other => panic!("{other} is not expected"),
        };
        let mask = STANDARD.capabilities.iter().fold(0u64, |mask, name| mask | 1 << bit(name));
        assert_eq!(STANDARD.capabilities.len(), 7);
        assert_eq!(mask, STANDARD.capability_mask);
        assert_eq!(format!("{mask:016x}"), "00000000000004eb");
    }

    #[test]
    fn the_points_are_the_yardstick() {
        let sum = |rows: &[&str]| -> u32 { rows.iter().map(|id| STANDARD.row(id).unwrap().points).sum() };
        assert_eq!(sum(&["namespaces", "devices", "seccomp", "read_only_paths"]), 60, "a plain engine container");
        let in_force: u32 = ROWS.iter().filter(|r| r.pending.is_none()).map(|r| r.points).sum();
        assert_eq!(in_force, 80, "standard");
        assert_eq!(ROWS.iter().map(|r| r.points).sum::<u32>(), 100);
        let mut ids: Vec<_> = ROWS.iter().map(|r| r.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROWS.len(), "ids are unique");
    }
}
