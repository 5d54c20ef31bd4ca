//! Collects the guest's observations for the security report of the terminal.

use std::{fs, path::Path};

use guest_protocol::GuestReport;
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

/// Lines of the mount table in a report.
const MOUNTS_MAX: usize = 128;
/// Lines of the uid map in a report.
const UID_MAP_LINES_MAX: usize = 8;
/// Rows of the resource limits in a report.
const LIMITS_MAX: usize = 32;

/// Reads all observations. `user` is the account of the shells. No path depends on input from outside the guest.
pub fn collect(user: Option<&str>) -> GuestReport {
    let status = read("/proc/self/status");
    GuestReport {
        cap_permitted: status_field(&status, "CapPrm").to_owned(),
        cap_bounding: status_field(&status, "CapBnd").to_owned(),
        no_new_privs: status_field(&status, "NoNewPrivs") == "1",
        seccomp_mode: status_field(&status, "Seccomp").parse().unwrap_or(0),
        mounts: first_lines(&read("/proc/self/mountinfo"), MOUNTS_MAX),
        uid_map: first_lines(&read("/proc/self/uid_map"), UID_MAP_LINES_MAX),
        limits: parse_limits(&read("/proc/self/limits")),
        root_read_only: root_is_read_only(),
        pids_max: read_first(&["/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"]),
        memory_max: read_first(&["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]),
        unprivileged_port_start: read("/proc/sys/net/ipv4/ip_unprivileged_port_start").trim().parse().ok(),
        shell_uid: user.map(|name| crate::account::Account::lookup(name).uid),
    }
}

fn read(path: &str) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn read_first(paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|p| fs::read_to_string(p).ok()).map(|text| text.trim().to_owned())
}

/// The value of `name:` in the text of `/proc/<pid>/status`.
fn status_field<'a>(status: &'a str, name: &str) -> &'a str {
    status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':')).map_or("", str::trim)
}

fn first_lines(text: &str, max: usize) -> Vec<String> {
    text.lines().take(max).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Parses `/proc/<pid>/limits`: a header line, then columns of fixed width whose names contain spaces.
fn parse_limits(text: &str) -> Vec<(String, String, String)> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let (Some(soft), Some(hard)) = (header.find("Soft Limit"), header.find("Hard Limit")) else { return Vec::new() };
    let column = |line: &str, from: usize| {
        line.get(from..).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
    };
    lines
        .take(LIMITS_MAX)
        .filter_map(|line| {
            let name = line.get(..soft)?.trim().to_owned();
            Some((name, column(line, soft), column(line, hard)))
        })
        .collect()
}

/// Tries to create a file in `/`. Only EROFS counts as read-only; missing permissions do not.
fn root_is_read_only() -> bool {
    let path = Path::new("/.rexec-write-test");
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::RUSR) {
        Err(Errno::ROFS) => true,
        Err(_) => false,
        Ok(_) => {
            let _ = fs::remove_file(path);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_fields_match_by_their_whole_name() {
        let status = "Name:\tx\nCapPrm:\t00000000000004eb\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert_eq!(status_field(status, "CapPrm"), "00000000000004eb");
        assert_eq!(status_field(status, "Seccomp"), "2");
        assert_eq!(status_field(status, "Cap"), "");
        assert_eq!(status_field("", "Seccomp"), "");
    }

    #[test]
    fn limits_are_parsed_by_column_width() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max cpu time              unlimited            unlimited            seconds   \n\
                    Max open files            1024                 524288               files     \n\
                    Max nice priority         0                    0                    \nshort\n";
        let limits = parse_limits(text);
        assert_eq!(limits[1], ("Max open files".into(), "1024".into(), "524288".into()));
        assert_eq!(limits.len(), 3);
        assert!(parse_limits("no header\nx").is_empty());
    }

    #[test]
    fn report_of_this_process_has_capabilities_mounts_and_limits() {
        let report = collect(None);
        assert_eq!(report.cap_permitted.len(), 16);
        assert!(!report.mounts.is_empty() && !report.limits.is_empty());
    }
}
