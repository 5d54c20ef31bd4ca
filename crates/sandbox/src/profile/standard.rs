//! The profile of every terminal.

use super::{Profile, Seccomp, Tmpfs, Ulimit, controls::CONTROLS};

const MIB_TMP: u32 = 100;
const MIB_SMALL: u32 = 50;

const fn no_exec(path: &'static str, size_mib: u32, mode: &'static str) -> Tmpfs {
    Tmpfs { path, size_mib, exec: false, mode }
}

/// The profile of every terminal.
pub const STANDARD: Profile = Profile {
    name: "standard",
    capabilities: &["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "KILL", "NET_BIND_SERVICE"],
    capability_mask: 0x4eb,
    seccomp: Seccomp::EngineDefault,
    tmpfs: &[
        no_exec("/tmp", MIB_TMP, "1777"),
        no_exec("/var/tmp", MIB_SMALL, "1777"),
        no_exec("/run", MIB_SMALL, "0755"),
        // Most images have /var/run as a symbolic link to /run. Then the engine follows it and mounts this one over the
        // one above, with the same size and flags. Other images have a directory, which is covered as well.
        no_exec("/var/run", MIB_SMALL, "0755"),
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
        // Masked by default by engine 28 and later.
        "/proc/interrupts",
        // The host's kernel command line. No engine masks it by default.
        "/proc/cmdline",
    ],
    // With control groups of version 1, /sys/fs/cgroup is a tmpfs that container root can write to.
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
    controls: CONTROLS,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The published values a second time, so that a change of the profile has to be made twice.
    #[test]
    fn the_profile_has_the_published_values() {
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
    fn the_capability_mask_is_that_of_the_capabilities() {
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
}
