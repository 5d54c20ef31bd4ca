//! What is seen from inside: the guest's half of the Security panel.

use std::{fs, path::Path};

use guest_protocol::GuestReport;
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

/// Lines of the mount table that are reported, at most.
const MOUNTS_MAX: usize = 128;

/// Looks at everything. Takes no input, so that nothing from outside can steer what is read.
pub fn look(user: Option<&str>) -> GuestReport {
    let status = read("/proc/self/status");
    GuestReport {
        cap_permitted: field(&status, "CapPrm").to_owned(),
        cap_bounding: field(&status, "CapBnd").to_owned(),
        no_new_privs: field(&status, "NoNewPrivs") == "1",
        seccomp_mode: field(&status, "Seccomp").parse().unwrap_or(0),
        mounts: lines(&read("/proc/self/mountinfo"), MOUNTS_MAX),
        uid_map: lines(&read("/proc/self/uid_map"), 8),
        limits: limits(&read("/proc/self/limits")),
        root_read_only: refuses_write(),
        pids_max: first_of(&["/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"]),
        memory_max: first_of(&["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]),
        unprivileged_port_start: read("/proc/sys/net/ipv4/ip_unprivileged_port_start").trim().parse().ok(),
        shell_uid: user.map(|name| crate::account::Account::of_container(name).uid),
    }
}

fn read(path: &str) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn first_of(paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|p| fs::read_to_string(p).ok()).map(|text| text.trim().to_owned())
}

/// The value of `name:` in the text of `/proc/<pid>/status`.
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':')).map_or("", str::trim)
}

fn lines(text: &str, max: usize) -> Vec<String> {
    text.lines().take(max).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// `/proc/<pid>/limits`: columns of fixed width under a head line, names with spaces in them.
fn limits(text: &str) -> Vec<(String, String, String)> {
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    let (Some(soft), Some(hard)) = (head.find("Soft Limit"), head.find("Hard Limit")) else { return Vec::new() };
    let column = |line: &str, from: usize| {
        line.get(from..).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
    };
    lines
        .take(32)
        .filter_map(|line| {
            let name = line.get(..soft)?.trim().to_owned();
            Some((name, column(line, soft), column(line, hard)))
        })
        .collect()
}

/// A trial write to `/`. Only "read-only filesystem" counts as a refusal; lacking a right is something else.
fn refuses_write() -> bool {
    let trial = Path::new("/.rexec-trial");
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    match rustix::fs::open(trial, flags, Mode::RUSR) {
        Err(Errno::ROFS) => true,
        Err(_) => false,
        Ok(_) => {
            let _ = fs::remove_file(trial);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_fields_are_found_by_their_whole_name() {
        let status = "Name:\tx\nCapPrm:\t00000000000004eb\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert_eq!(field(status, "CapPrm"), "00000000000004eb");
        assert_eq!(field(status, "Seccomp"), "2");
        assert_eq!(field(status, "Cap"), "");
        assert_eq!(field("", "Seccomp"), "");
    }

    #[test]
    fn limits_have_spaces_in_their_names() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max cpu time              unlimited            unlimited            seconds   \n\
                    Max open files            1024                 524288               files     \n\
                    Max nice priority         0                    0                    \nshort\n";
        let limits = limits(text);
        assert_eq!(limits[1], ("Max open files".into(), "1024".into(), "524288".into()));
        assert_eq!(limits.len(), 3);
        assert!(super::limits("no head\nx").is_empty());
    }

    #[test]
    fn this_process_can_be_looked_at() {
        let report = look(None);
        assert_eq!(report.cap_permitted.len(), 16);
        assert!(!report.mounts.is_empty() && !report.limits.is_empty());
    }
}
