//! What the guest sees from inside, compared with what was intended. The report comes out of the container and is
//! hostile input: every line is parsed totally, and what it says can only make a verdict worse, never replace the
//! engine's word.

use guest_protocol::GuestReport;

use super::{GUEST_TARGET, Intended, LINK_TARGET, Look};

/// A report holds at most this many mounts; in a longer table a missing one proves nothing.
const MOUNTS_IN_REPORT: usize = 128;

/// Compares the guest's report with what was intended. Rows the guest cannot see give no look.
pub fn verify_inside(intended: &Intended, report: &GuestReport) -> Vec<Look> {
    let table = MountTable::parse(&report.mounts);
    let mut looks = vec![
        capabilities(intended, report),
        Look::new("privileges", report.no_new_privs, if report.no_new_privs { "NoNewPrivs 1" } else { "NoNewPrivs 0" }),
        Look::new("seccomp", report.seccomp_mode == 2, format!("Seccomp {}", report.seccomp_mode)),
        root_filesystem(report, &table),
        tmpfs(intended, &table),
        home(intended, &table),
        covered("masked_paths", &intended.masked_here, &table, "hidden", |table, path| table.hides(path)),
        covered("read_only_paths", &intended.read_only_here, &table, "read-only", |table, path| {
            table.makes_read_only(path)
        }),
        mounts(intended, &table),
        ulimits(intended, report),
        user(intended, report),
    ];
    looks.extend(report.pids_max.as_deref().map(|seen| {
        Look::new("pids", seen.trim() == intended.profile.pids_max.to_string(), format!("pids.max {}", short(seen)))
    }));
    looks.extend(report.memory_max.as_deref().map(|seen| {
        let right = seen.trim() == intended.limits.memory_bytes.to_string();
        Look::new("memory", right, format!("limit {}", short(seen)))
    }));
    looks.extend(
        report
            .unprivileged_port_start
            .map(|port| Look::new("sysctl", port == 0, format!("net.ipv4.ip_unprivileged_port_start={port}"))),
    );
    looks
}

/// Whether the guest's user map says that container root is another user on the host. `None` when there is no map.
pub(super) fn user_map(report: &GuestReport) -> Option<(bool, String)> {
    let first = report.uid_map.first()?;
    let mut numbers = first.split_whitespace().map(str::parse::<u64>);
    let (Some(Ok(inside)), Some(Ok(outside))) = (numbers.next(), numbers.next()) else { return None };
    Some((inside == 0 && outside != 0, format!("container uid {inside} is host uid {outside}")))
}

/// Text of a stranger, cut for a panel and a log line.
fn short(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(40).collect()
}

fn capabilities(i: &Intended, report: &GuestReport) -> Look {
    let asked = format!("{:016x}", i.profile.capability_mask);
    let right = report.cap_permitted == asked && report.cap_bounding == asked;
    let seen = format!("CapPrm {}, CapBnd {}", short(&report.cap_permitted), short(&report.cap_bounding));
    Look::new("capabilities", right, seen)
}

fn root_filesystem(report: &GuestReport, table: &MountTable) -> Look {
    let mounted = table.at("/").is_some_and(|m| m.has("ro"));
    let right = report.root_read_only && mounted;
    let seen = match (report.root_read_only, mounted) {
        (true, true) => "read-only, a write was refused",
        (false, _) => "a write was not refused",
        (_, false) => "not mounted read-only",
    };
    Look::new("root_filesystem", right, seen)
}

fn tmpfs(i: &Intended, table: &MountTable) -> Look {
    let mut seen = Vec::new();
    let mut right = true;
    for asked in i.profile.tmpfs {
        // A link to /run in most images: then the mount is there.
        let mount = table.at(asked.path).or_else(|| (asked.path == "/var/run").then(|| table.at("/run")).flatten());
        let Some(mount) = mount else {
            right = false;
            seen.push(format!("{} is not mounted", asked.path));
            continue;
        };
        let size = format!("size={}k", asked.size_mib * 1024);
        let flags = mount.has("rw") && mount.has("nosuid") && mount.has("nodev") && mount.has("noexec") != asked.exec;
        let good = mount.kind == "tmpfs" && flags && mount.superblock.split(',').any(|option| option == size);
        right &= good;
        let note = if good { "" } else { " (not as asked)" };
        seen.push(format!("{} {}{note}", asked.path, mount.options));
    }
    Look::new("tmpfs", right, seen.join("; "))
}

fn home(i: &Intended, table: &MountTable) -> Look {
    match table.at(i.profile.home) {
        Some(mount) => {
            let own = mount.kind != "overlay" && mount.kind != "tmpfs" && mount.has("rw");
            Look::new("home", own, format!("{} {}", short(mount.kind), short(mount.options)))
        }
        None => Look::new("home", table.truncated, "not mounted"),
    }
}

fn covered(
    row: &'static str,
    paths: &[String],
    table: &MountTable,
    word: &str,
    covers: fn(&MountTable, &str) -> bool,
) -> Look {
    let bare: Vec<&str> = paths.iter().map(String::as_str).filter(|path| !covers(table, path)).collect();
    if bare.is_empty() {
        Look::new(row, true, format!("{} of {} paths this kernel has are {word}", paths.len(), paths.len()))
    } else {
        Look::new(row, table.truncated, format!("not {word}: {}", bare.join(", ")))
    }
}

fn mounts(i: &Intended, table: &MountTable) -> Look {
    let base = ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/sys", "/sys/fs/cgroup"];
    let files = ["/etc/resolv.conf", "/etc/hostname", "/etc/hosts", GUEST_TARGET, LINK_TARGET, i.profile.home];
    let known = |path: &str| {
        base.contains(&path)
            || files.contains(&path)
            || path.starts_with("/sys/fs/cgroup/")
            || i.profile.tmpfs.iter().any(|t| t.path == path)
            || i.masked.iter().chain(&i.read_only).any(|p| p == path)
    };
    let strange: Vec<String> =
        table.mounts.iter().map(|m| m.target.as_str()).filter(|target| !known(target)).map(short).collect();
    let sealed = |path: &str| table.at(path).is_some_and(|m| m.has("ro"));
    let ours = sealed(GUEST_TARGET) && sealed(LINK_TARGET);
    let seen = match (strange.is_empty(), ours) {
        (true, true) => "guest and link folder, read-only; nothing else of the host".to_owned(),
        (true, false) => "guest or link folder is not read-only".to_owned(),
        (false, _) => format!("not expected: {}", strange.join(", ")),
    };
    Look::new("mounts", strange.is_empty() && (ours || table.truncated), seen)
}

fn ulimits(i: &Intended, report: &GuestReport) -> Look {
    let mut right = true;
    let mut seen = Vec::new();
    for asked in i.profile.ulimits {
        let line = report.limits.iter().find(|(name, ..)| name == asked.proc_title);
        let good =
            line.is_some_and(|(_, soft, hard)| *soft == asked.soft.to_string() && *hard == asked.hard.to_string());
        right &= good;
        seen.push(match line {
            Some((_, soft, hard)) => format!("{} {}:{}", asked.name, short(soft), short(hard)),
            None => format!("{} unknown", asked.name),
        });
    }
    Look::new("ulimits", right, seen.join(", "))
}

fn user(i: &Intended, report: &GuestReport) -> Look {
    let right = report.shell_uid == Some(i.profile.shell_uid);
    Look::new("user", right, report.shell_uid.map_or("unknown".to_owned(), |uid| format!("shells run as uid {uid}")))
}

/// One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
struct Mounted<'a> {
    root: &'a str,
    target: String,
    options: &'a str,
    kind: &'a str,
    superblock: &'a str,
}

impl<'a> Mounted<'a> {
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
    mounts: Vec<Mounted<'a>>,
    truncated: bool,
}

impl<'a> MountTable<'a> {
    fn parse(lines: &'a [String]) -> Self {
        let mounts = lines.iter().take(MOUNTS_IN_REPORT).filter_map(|line| Mounted::parse(line)).collect();
        Self { mounts, truncated: lines.len() >= MOUNTS_IN_REPORT }
    }
    /// The mount on top at a path: the last one.
    fn at(&self, path: &str) -> Option<&Mounted<'a>> {
        self.mounts.iter().rev().find(|m| m.target == path)
    }
    /// A file is hidden by /dev/null, a folder by an empty read-only tmpfs; a hidden folder hides what is below it.
    fn hides(&self, path: &str) -> bool {
        std::iter::successors(Some(path), |p| p.rsplit_once('/').map(|(up, _)| up).filter(|up| !up.is_empty()))
            .filter_map(|path| self.at(path))
            .any(|m| m.root == "/null" || (m.kind == "tmpfs" && m.has("ro")))
    }
    fn makes_read_only(&self, path: &str) -> bool {
        self.at(path).is_some_and(|m| m.has("ro"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_mount_lines_are_parsed_totally() {
        let lines: Vec<String> =
            ["", " - ", "1 2 3", "1 2 0:3 / /x", "1 2 0:3 / /x ro - ", "- - - - - - -", "1 2 0:3 / /a\\040b ro - t s"]
                .map(String::from)
                .to_vec();
        let table = MountTable::parse(&lines);
        assert!(table.at("/a b").is_some_and(|m| m.has("ro")));
    }

    #[test]
    fn a_mask_is_dev_null_or_an_empty_read_only_folder() {
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
