//! The guest's report, compared with what was intended.
//!
//! The report comes from the container and is untrusted: no input makes the parser fail, and a report can only add
//! failed checks. It never replaces the engine's description.

use guest_protocol::GuestReport;

use super::{Check, GUEST_TARGET, Intended, SOCKET_TARGET};

/// Maximum number of mounts in a report. A report of this length may be truncated, so a missing mount is not a
/// difference.
const MOUNTS_IN_REPORT: usize = 128;

/// One check for each control that the guest can observe.
pub fn verify_inside(intended: &Intended, report: &GuestReport) -> Vec<Check> {
    let table = MountTable::parse(&report.mounts);
    let mut checks = vec![
        capabilities(intended, report),
        Check::new(
            "privileges",
            report.no_new_privs,
            if report.no_new_privs { "NoNewPrivs 1" } else { "NoNewPrivs 0" },
        ),
        Check::new("seccomp", report.seccomp_mode == 2, format!("Seccomp {}", report.seccomp_mode)),
        root_filesystem(report, &table),
        tmpfs(intended, &table),
        home(intended, &table),
        covered("masked_paths", &intended.masked_on_host, &table, "hidden", |table, path| table.hides(path)),
        covered("read_only_paths", &intended.read_only_on_host, &table, "read-only", |table, path| {
            table.makes_read_only(path)
        }),
        mounts(intended, &table),
        ulimits(intended, report),
        user(intended, report),
    ];
    checks.extend(report.pids_max.as_deref().map(|observed| {
        Check::new(
            "pids",
            observed.trim() == intended.profile.pids_max.to_string(),
            format!("pids.max {}", short(observed)),
        )
    }));
    checks.extend(report.memory_max.as_deref().map(|observed| {
        let matches = observed.trim() == intended.limits.memory_bytes.to_string();
        Check::new("memory", matches, format!("limit {}", short(observed)))
    }));
    checks.extend(
        report
            .unprivileged_port_start
            .map(|port| Check::new("sysctl", port == 0, format!("net.ipv4.ip_unprivileged_port_start={port}"))),
    );
    checks
}

/// Whether container root is another user on the host, and the mapping as text. `None` without a user map.
pub(super) fn user_map(report: &GuestReport) -> Option<(bool, String)> {
    let first = report.uid_map.first()?;
    let mut numbers = first.split_whitespace().map(str::parse::<u64>);
    let (Some(Ok(inside)), Some(Ok(outside))) = (numbers.next(), numbers.next()) else { return None };
    Some((inside == 0 && outside != 0, format!("container uid {inside} is host uid {outside}")))
}

/// Untrusted text, shortened for the panel and the log.
fn short(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(40).collect()
}

fn capabilities(i: &Intended, report: &GuestReport) -> Check {
    let requested = format!("{:016x}", i.profile.capability_mask);
    let matches = report.cap_permitted == requested && report.cap_bounding == requested;
    let observed = format!("CapPrm {}, CapBnd {}", short(&report.cap_permitted), short(&report.cap_bounding));
    Check::new("capabilities", matches, observed)
}

fn root_filesystem(report: &GuestReport, table: &MountTable) -> Check {
    let mounted = table.mount_at("/").is_some_and(|m| m.has("ro"));
    let matches = report.root_read_only && mounted;
    let observed = match (report.root_read_only, mounted) {
        (true, true) => "read-only, a write was refused",
        (false, _) => "a write was not refused",
        (_, false) => "not mounted read-only",
    };
    Check::new("root_filesystem", matches, observed)
}

fn tmpfs(i: &Intended, table: &MountTable) -> Check {
    let mut observed = Vec::new();
    let mut matches = true;
    for requested in i.profile.tmpfs {
        // A symbolic link to /run in most images, so the mount is at /run.
        let mount = table
            .mount_at(requested.path)
            .or_else(|| (requested.path == "/var/run").then(|| table.mount_at("/run")).flatten());
        let Some(mount) = mount else {
            matches = false;
            observed.push(format!("{} is not mounted", requested.path));
            continue;
        };
        let size = format!("size={}k", requested.size_mib * 1024);
        let flags =
            mount.has("rw") && mount.has("nosuid") && mount.has("nodev") && mount.has("noexec") != requested.exec;
        let good = mount.kind == "tmpfs" && flags && mount.superblock.split(',').any(|option| option == size);
        matches &= good;
        let note = if good { "" } else { " (not as requested)" };
        observed.push(format!("{} {}{note}", requested.path, mount.options));
    }
    Check::new("tmpfs", matches, observed.join("; "))
}

fn home(i: &Intended, table: &MountTable) -> Check {
    match table.mount_at(i.profile.home) {
        Some(mount) => {
            let is_volume = mount.kind != "overlay" && mount.kind != "tmpfs" && mount.has("rw");
            Check::new("home", is_volume, format!("{} {}", short(mount.kind), short(mount.options)))
        }
        None => Check::new("home", table.truncated, "not mounted"),
    }
}

fn covered(
    control: &'static str,
    paths: &[String],
    table: &MountTable,
    word: &str,
    covers: fn(&MountTable, &str) -> bool,
) -> Check {
    let uncovered: Vec<&str> = paths.iter().map(String::as_str).filter(|path| !covers(table, path)).collect();
    if uncovered.is_empty() {
        Check::new(control, true, format!("{} of {} paths that this kernel has are {word}", paths.len(), paths.len()))
    } else {
        Check::new(control, table.truncated, format!("not {word}: {}", uncovered.join(", ")))
    }
}

fn mounts(i: &Intended, table: &MountTable) -> Check {
    let base = ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/sys", "/sys/fs/cgroup"];
    let files = ["/etc/resolv.conf", "/etc/hostname", "/etc/hosts", GUEST_TARGET, SOCKET_TARGET, i.profile.home];
    let known = |path: &str| {
        base.contains(&path)
            || files.contains(&path)
            || path.starts_with("/sys/fs/cgroup/")
            || i.profile.tmpfs.iter().any(|t| t.path == path)
            || i.masked.iter().chain(&i.read_only).any(|p| p == path)
    };
    let unexpected: Vec<String> =
        table.mounts.iter().map(|m| m.target.as_str()).filter(|target| !known(target)).map(short).collect();
    let read_only = |path: &str| table.mount_at(path).is_some_and(|m| m.has("ro"));
    let own_read_only = read_only(GUEST_TARGET) && read_only(SOCKET_TARGET);
    let observed = match (unexpected.is_empty(), own_read_only) {
        (true, true) => "guest program and guest socket directory, read-only; nothing else of the host".to_owned(),
        (true, false) => "guest program or guest socket directory is not read-only".to_owned(),
        (false, _) => format!("not expected: {}", unexpected.join(", ")),
    };
    Check::new("mounts", unexpected.is_empty() && (own_read_only || table.truncated), observed)
}

fn ulimits(i: &Intended, report: &GuestReport) -> Check {
    let mut matches = true;
    let mut observed = Vec::new();
    for requested in i.profile.ulimits {
        let line = report.limits.iter().find(|(name, ..)| name == requested.proc_title);
        let good = line
            .is_some_and(|(_, soft, hard)| *soft == requested.soft.to_string() && *hard == requested.hard.to_string());
        matches &= good;
        observed.push(match line {
            Some((_, soft, hard)) => format!("{} {}:{}", requested.name, short(soft), short(hard)),
            None => format!("{} unknown", requested.name),
        });
    }
    Check::new("ulimits", matches, observed.join(", "))
}

fn user(i: &Intended, report: &GuestReport) -> Check {
    let matches = report.shell_uid == Some(i.profile.shell_uid);
    Check::new("user", matches, report.shell_uid.map_or("unknown".to_owned(), |uid| format!("shells run as uid {uid}")))
}

/// One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
struct MountEntry<'a> {
    root: &'a str,
    target: String,
    options: &'a str,
    kind: &'a str,
    superblock: &'a str,
}

impl<'a> MountEntry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let (root, target, options) = (left.next()?, left.next()?, left.next()?);
        let mut right = right.splitn(3, ' ');
        let kind = right.next()?;
        let superblock = right.nth(1).unwrap_or_default();
        Some(Self { root, target: target.replace("\\040", " "), options, kind, superblock })
    }
    fn has(&self, option: &str) -> bool {
        self.options.split(',').any(|o| o == option)
    }
}

struct MountTable<'a> {
    mounts: Vec<MountEntry<'a>>,
    truncated: bool,
}

impl<'a> MountTable<'a> {
    fn parse(lines: &'a [String]) -> Self {
        let mounts = lines.iter().take(MOUNTS_IN_REPORT).filter_map(|line| MountEntry::parse(line)).collect();
        Self { mounts, truncated: lines.len() >= MOUNTS_IN_REPORT }
    }
    /// The visible mount at a path: the last one in the table.
    fn mount_at(&self, path: &str) -> Option<&MountEntry<'a>> {
        self.mounts.iter().rev().find(|m| m.target == path)
    }
    /// /dev/null hides a file and an empty read-only tmpfs hides a directory, with everything below it.
    fn hides(&self, path: &str) -> bool {
        std::iter::successors(Some(path), |p| p.rsplit_once('/').map(|(up, _)| up).filter(|up| !up.is_empty()))
            .filter_map(|path| self.mount_at(path))
            .any(|m| m.root == "/null" || (m.kind == "tmpfs" && m.has("ro")))
    }
    fn makes_read_only(&self, path: &str) -> bool {
        self.mount_at(path).is_some_and(|m| m.has("ro"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_mount_lines_never_panic() {
        let lines: Vec<String> =
            ["", " - ", "1 2 3", "1 2 0:3 / /x", "1 2 0:3 / /x ro - ", "- - - - - - -", "1 2 0:3 / /a\\040b ro - t s"]
                .map(String::from)
                .to_vec();
        let table = MountTable::parse(&lines);
        assert!(table.mount_at("/a b").is_some_and(|m| m.has("ro")));
    }

    #[test]
    fn a_masked_path_is_dev_null_or_a_read_only_tmpfs() {
        let lines: Vec<String> = [
            "54 73 0:43 /null /proc/keys rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755",
            "58 76 0:55 / /sys/kernel ro,relatime - tmpfs tmpfs ro",
            "59 76 0:56 / /sys/firmware rw,relatime - tmpfs tmpfs rw",
            "60 73 0:43 /zero /proc/kcore rw,nosuid - tmpfs tmpfs rw",
        ]
        .map(String::from)
        .to_vec();
        let table = MountTable::parse(&lines);
        assert!(table.hides("/proc/keys") && table.hides("/sys/kernel") && table.hides("/sys/kernel/debug"));
        assert!(!table.hides("/sys/firmware") && !table.hides("/proc/kcore") && !table.hides("/proc/acpi"));
    }
}
