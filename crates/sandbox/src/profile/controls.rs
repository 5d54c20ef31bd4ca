//! The controls: what of the profile is shown, scored and verified. The text of a requested value is rendered from the
//! profile's fields.

use super::{Profile, Seccomp, Tmpfs, Ulimit};

/// One control of the profile.
#[derive(Debug, Clone, Copy)]
pub struct Control {
    /// Stable id.
    pub id: &'static str,
    /// Title.
    pub title: &'static str,
    /// Points for the score, in tenths, when it is verified.
    pub points: u32,
    /// What it protects from, and the source of the rule.
    pub protects: &'static str,
    /// Why it is not in force in this version. Such a control is verified only where the host happens to provide it.
    pub not_in_force: Option<&'static str>,
    requested: fn(&Profile) -> String,
}

impl Control {
    /// The requested value as text for users.
    pub fn requested(&self, profile: &Profile) -> String {
        (self.requested)(profile)
    }

    const fn not_in_force(self, reason: &'static str) -> Self {
        Self { not_in_force: Some(reason), ..self }
    }
}

const fn control(
    id: &'static str,
    title: &'static str,
    points: u32,
    requested: fn(&Profile) -> String,
    protects: &'static str,
) -> Control {
    Control { id, title, points, protects, not_in_force: None, requested }
}

/// All controls, 100 points together. A container with the engine's defaults has 60 (the first four), the profile adds
/// 20, the controls that are not in force 10, and a kernel of its own 10. Hence the scale: plain 6, standard 8, gVisor
/// 9 and more.
pub(super) const CONTROLS: &[Control] = &[
    control(
        "namespaces",
        "Own namespaces",
        20,
        |_| {
            "PID, IPC, UTS, mount, cgroup and network namespaces of its own; none of the host's, \
         none of another container's"
                .to_owned()
        },
        "Seeing, signalling or reaching processes outside (CIS 5.9, 5.15, 5.16, 5.20)",
    ),
    control(
        "devices",
        "No devices, not privileged",
        15,
        |_| "privileged off; no host devices, no device rules, no extra groups".to_owned(),
        "Reaching disks, memory and other hardware of the host (CIS 5.4, 5.17)",
    ),
    control(
        "seccomp",
        "System call filter",
        15,
        seccomp,
        "Kernel vulnerabilities behind rarely used system calls (CIS 5.21)",
    ),
    control(
        "read_only_paths",
        "Kernel settings read-only",
        10,
        |p| format!("{}, and the engine's defaults", p.read_only.join(", ")),
        "Changing the host's kernel through /proc",
    ),
    control(
        "capabilities",
        "Capabilities",
        4,
        capabilities,
        "Root in the container acting on the kernel: raw packets, device nodes, chroot \
         tricks, file capabilities (CIS 5.3)",
    ),
    control(
        "privileges",
        "No new privileges",
        3,
        |_| "no-new-privileges:true".to_owned(),
        "setuid programs and file capabilities raising rights (CIS 5.25)",
    ),
    control(
        "root_filesystem",
        "Root file system read-only",
        2,
        |_| "read-only".to_owned(),
        "Persistent compromise: changed programs and libraries (CIS 5.12)",
    ),
    control(
        "tmpfs",
        "Scratch space",
        1,
        tmpfs,
        "Programs dropped into world-writable directories; temporary files filling the host's disk",
    ),
    control(
        "home",
        "Home volume",
        1,
        |p| format!("{}: a volume of this terminal alone, deleted with it", p.home),
        "One terminal reading the files of another",
    ),
    control(
        "masked_paths",
        "Kernel details hidden",
        1,
        |p| format!("{}, and the engine's defaults", p.masked.join(", ")),
        "Reading the host's keys, addresses, power and timing from inside (side channels)",
    ),
    control(
        "pids",
        "Process limit",
        1,
        |p| format!("{} processes and threads", p.pids_max),
        "A fork bomb taking the host down (CIS 5.28)",
    ),
    control(
        "memory",
        "Memory limit",
        1,
        |_| "the tier's memory; swap equal to memory, so none is added".to_owned(),
        "One terminal starving the others (CIS 5.10)",
    ),
    control(
        "cpu",
        "CPU quota",
        1,
        |_| "the tier's share of the cores".to_owned(),
        "One terminal slowing the others (CIS 5.11)",
    ),
    control(
        "ulimits",
        "Open files, core dumps",
        1,
        ulimits,
        "Using up the host's file table; memory images of programs on disk (CIS 5.18)",
    ),
    control(
        "network",
        "Isolated network",
        2,
        |p| format!("bridge {}, traffic between containers refused, no published ports", p.network),
        "Reaching other users' terminals (CIS 2.1, 5.7, 5.13, 5.29)",
    ),
    control(
        "user",
        "Shell without root",
        2,
        |p| format!("every shell runs as user, uid {}", p.shell_uid),
        "Ordinary work with root's rights (CIS 4.1)",
    ),
    control(
        "mounts",
        "Nothing of the host mounted",
        0,
        |_| {
            "besides the home volume only the guest program and the guest socket directory, both \
         read-only"
                .to_owned()
        },
        "The host's files or the engine's socket inside a container (CIS 5.5, 5.31)",
    ),
    control(
        "sysctl",
        "Kernel settings",
        0,
        sysctls,
        "Requiring a capability to serve on port 80; other settings going unnoticed",
    ),
    control(
        "logs",
        "No engine log",
        0,
        |_| "log driver none; the engine never reads the container's output".to_owned(),
        "Input and output of a terminal in a log file of the host",
    ),
    control(
        "identity",
        "Identity",
        0,
        |_| {
            "the requested image, the guest as the only program, the labels of this server, no \
         restart, no health check"
                .to_owned()
        },
        "An image that starts something else (ENTRYPOINT, HEALTHCHECK, USER, VOLUME)",
    ),
    control(
        "block_io",
        "Disk share",
        0,
        |p| format!("block I/O weight {} where the kernel supports it", p.block_io_weight),
        "One terminal's disk traffic starving the others",
    ),
    control(
        "seccomp_own",
        "Own system call filter",
        2,
        |_| {
            "tighter than the engine's: no io_uring, vsock, AF_ALG, userfaultfd, bpf, keyctl, \
         new user namespaces"
                .to_owned()
        },
        "Kernel vulnerabilities in calls that the engine's default allows",
    )
    .not_in_force("Not in force yet: this version uses the engine's default filter."),
    control(
        "user_namespace",
        "User namespace",
        3,
        |_| "container root is an unprivileged user of the host".to_owned(),
        "A container escape that is root on the host (CIS 2.9)",
    )
    .not_in_force(
        "Not in force: the engine does not remap users. Start dockerd with --userns-remap to \
         enable it.",
    ),
    control(
        "mac",
        "AppArmor or SELinux",
        1,
        |_| "a profile, when the kernel has it".to_owned(),
        "The steps after a container escape (CIS 5.1, 5.2)",
    )
    .not_in_force("Not in force: the engine applies no AppArmor or SELinux profile on this host."),
    control(
        "quota",
        "Disk quota",
        2,
        |_| "a size limit on the home volume".to_owned(),
        "One terminal filling the host's disk",
    )
    .not_in_force(
        "Not in force yet: the home volume has no limit of size or of files (inodes) in this \
         version. Only the host's disk bounds it.",
    ),
    control(
        "egress",
        "Egress policy",
        2,
        |_| "the host itself, metadata addresses and private ranges refused; the rest by policy".to_owned(),
        "Attacks on the host's services, the cloud's metadata and the local network",
    )
    .not_in_force("Not in force yet: this version lets a terminal reach every address the host can reach."),
    control(
        "names",
        "Names of other terminals",
        0,
        |_| "no terminal can look up another one's name or address".to_owned(),
        "Discovering other terminals",
    )
    .not_in_force(
        "Not in force yet: the engine's name service answers inside a terminal for the ids \
         and host names of the others. None of them accepts a connection.",
    ),
    control(
        "own_kernel",
        "Kernel of its own",
        10,
        |_| "gVisor (profile gvisor)".to_owned(),
        "Vulnerabilities of the host's kernel",
    )
    .not_in_force("Not part of this profile: the container shares the host's kernel."),
];

/// Commands for a manual check inside the terminal.
pub const COMMANDS: &[&str] =
    &["grep Cap /proc/self/status", "id", "mount | grep -E '(proc|sys|dev)'", "ip addr", "ulimit -a"];

fn joined<T>(items: &[T], separator: &str, text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(separator)
}

fn seccomp(profile: &Profile) -> String {
    match profile.seccomp {
        Seccomp::EngineDefault => "the engine's default allow-list, mode 2 (filter)".to_owned(),
    }
}

fn capabilities(profile: &Profile) -> String {
    format!("drop ALL; keep {} (mask {:016x})", profile.capabilities.join(", "), profile.capability_mask)
}

fn tmpfs(profile: &Profile) -> String {
    joined(profile.tmpfs, "; ", |Tmpfs { path, size_mib, exec, .. }| {
        format!("{path} {size_mib} MiB rw,{}nosuid,nodev", if *exec { "" } else { "noexec," })
    })
}

fn ulimits(profile: &Profile) -> String {
    joined(profile.ulimits, "; ", |Ulimit { name, soft, hard, .. }| {
        if soft == hard { format!("{name} {soft}") } else { format!("{name} {soft}, at most {hard}") }
    })
}

fn sysctls(profile: &Profile) -> String {
    let settings = joined(profile.sysctls, ", ", |(key, value)| format!("{key}={value}"));
    format!("{settings}, nothing else")
}

#[cfg(test)]
mod tests {
    use crate::profile::STANDARD;

    #[test]
    fn requested_values_are_rendered_from_the_profile() {
        let requested = |id: &str| STANDARD.control(id).unwrap().requested(&STANDARD);
        assert_eq!(
            requested("capabilities"),
            "drop ALL; keep CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID, KILL, NET_BIND_SERVICE (mask 00000000000004eb)"
        );
        assert!(requested("tmpfs").starts_with("/tmp 100 MiB rw,noexec,nosuid,nodev; "));
        assert!(requested("tmpfs").ends_with("; /root 50 MiB rw,nosuid,nodev"));
        assert_eq!(requested("ulimits"), "nofile 4096, at most 16384; core 0");
        assert_eq!(requested("sysctl"), "net.ipv4.ip_unprivileged_port_start=0, nothing else");
        for path in STANDARD.masked {
            assert!(requested("masked_paths").contains(path), "{path}");
        }
    }

    #[test]
    fn points_add_up_to_the_published_scale() {
        let controls = STANDARD.controls;
        let sum = |ids: &[&str]| -> u32 { ids.iter().map(|id| STANDARD.control(id).unwrap().points).sum() };
        assert_eq!(sum(&["namespaces", "devices", "seccomp", "read_only_paths"]), 60, "the engine's defaults");
        let in_force: u32 = controls.iter().filter(|c| c.not_in_force.is_none()).map(|c| c.points).sum();
        assert_eq!(in_force, 80, "standard");
        assert_eq!(controls.iter().map(|c| c.points).sum::<u32>(), 100);
        let mut ids: Vec<_> = controls.iter().map(|c| c.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), controls.len(), "ids are unique");
    }
}
