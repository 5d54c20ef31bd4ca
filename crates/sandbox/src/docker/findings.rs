//! Findings about engine and host for `rexec doctor` and the system page.

use bollard::models::SystemInfo;
use protocol::admin::{Finding, Level};

use super::{
    connection::{Connection, QUERY_TIMEOUT, call},
    network,
};
use crate::{EngineError, profile::Profile};

/// First fixed versions of runc for CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881 (breakouts by masked paths,
/// /dev/console and procfs redirects): 1.2.8, 1.3.3, 1.4.0.
const RUNC_FIXED: [[i64; 3]; 3] = [[1, 2, 8], [1, 3, 3], [1, 4, 0]];
/// Oldest engine release that still gets security fixes.
const ENGINE_SUPPORTED: [i64; 3] = [25, 0, 0];

/// All findings. An engine that does not answer is a single finding.
pub async fn findings(connection: &Connection, profile: &Profile) -> Vec<Finding> {
    match inspect(connection, profile).await {
        Ok(findings) => findings,
        Err(error) => vec![finding(
            ("engine", "Container engine"),
            match error {
                EngineError::Unavailable(why) => format!("does not answer: {why}"),
                other => other.to_string(),
            },
            Level::Broken,
            Some("Start the engine, or say where it is with REXEC_DOCKER_HOST."),
        )],
    }
}

async fn inspect(connection: &Connection, profile: &Profile) -> Result<Vec<Finding>, EngineError> {
    let docker = connection.client().await?;
    let (info, version) = tokio::try_join!(call(QUERY_TIMEOUT, docker.info()), call(QUERY_TIMEOUT, docker.version()))?;
    let component = |name: &str| {
        let all = version.components.iter().flatten();
        all.filter(|c| c.name == name).map(|c| c.version.clone()).next().unwrap_or_default()
    };
    let api = version.api_version.unwrap_or_default();
    let mut all = vec![
        engine_version(&version.version.unwrap_or_default(), &api),
        runc_version(&component("runc")),
        finding(("kernel", "Kernel"), info.kernel_version.clone().unwrap_or_default(), Level::Good, None),
    ];
    all.extend(host_findings(&info));
    all.push(match network::inspect(connection, profile.network).await? {
        None => finding(("network", "Isolated network"), "created with the first terminal".into(), Level::Good, None),
        Some(Ok(())) => {
            let seen = format!("{}, traffic between containers refused", profile.network);
            finding(("network", "Isolated network"), seen, Level::Good, None)
        }
        Some(Err(error)) => {
            let advice = Some("No terminal can be created until this is repaired.");
            finding(("network", "Isolated network"), error.to_string(), Level::Broken, advice)
        }
    });
    Ok(all)
}

fn finding((id, title): (&str, &str), seen: String, level: Level, advice: Option<&str>) -> Finding {
    Finding { id: id.to_owned(), title: title.to_owned(), seen, level, advice: advice.map(str::to_owned) }
}

fn engine_version(version: &str, api: &str) -> Finding {
    let fresh = numbers(version).is_some_and(|v| v >= ENGINE_SUPPORTED);
    let advice = "This engine no longer gets security fixes from its makers; your distribution may still give them. \
                  Prefer a current one.";
    finding(
        ("engine.version", "Container engine"),
        format!("{version} (API {api})"),
        if fresh { Level::Good } else { Level::Warning },
        (!fresh).then_some(advice),
    )
}

fn runc_version(version: &str) -> Finding {
    let fixed = numbers(version).is_some_and(|seen| {
        let branch = RUNC_FIXED.iter().find(|fix| fix[..2] == seen[..2]);
        branch.map_or(seen >= RUNC_FIXED[2], |fix| seen >= *fix)
    });
    let advice =
        "Has known breakouts (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881). Update runc to 1.2.8, 1.3.3 or later.";
    finding(
        ("runc.version", "runc"),
        if version.is_empty() { "unknown".to_owned() } else { version.to_owned() },
        if fixed { Level::Good } else { Level::Warning },
        (!fixed).then_some(advice),
    )
}

/// `1.1.5+ds1` and `20.10.24+dfsg1` as numbers. A release candidate sorts before its release: its patch number is one
/// less.
fn numbers(version: &str) -> Option<[i64; 3]> {
    let plain = version.trim_start_matches('v').split(['+', '~', ' ']).next()?;
    let (plain, rest) = plain.split_once('-').unwrap_or((plain, ""));
    let mut parts = plain.split('.').map(|part| part.parse::<u32>().ok().map(i64::from));
    let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0));
    Some([major, minor, if rest.starts_with("rc") { patch - 1 } else { patch }])
}

fn host_findings(info: &SystemInfo) -> Vec<Finding> {
    let option = |word: &str| info.security_options.iter().flatten().any(|o| o.contains(word));
    let mac = ["apparmor", "selinux"].into_iter().find(|name| option(name));
    let cgroup = info.cgroup_version.map(|v| v.to_string()).unwrap_or_default();
    vec![
        yes_no_finding(
            option("seccomp"),
            ("seccomp", "System call filter"),
            ("the engine's default", "off"),
            (Level::Broken, "No terminal will start without it. Enable seccomp in kernel and engine."),
        ),
        finding(
            ("cgroup", "Control groups"),
            format!("version {cgroup}"),
            if cgroup == "2" { Level::Good } else { Level::Warning },
            (cgroup != "2").then_some("Limits work; version 2 counts memory and disk traffic better."),
        ),
        yes_no_finding(
            option("userns"),
            ("userns", "User namespace remapping"),
            ("on", "off"),
            (
                Level::Warning,
                "Container root is root of the host's user namespace. Start dockerd with --userns-remap=default.",
            ),
        ),
        finding(
            ("mac", "AppArmor or SELinux"),
            mac.unwrap_or("neither is active").to_owned(),
            if mac.is_some() { Level::Good } else { Level::Warning },
            mac.is_none()
                .then_some("The kernel has no mandatory access control; other rows of the profile hold without it."),
        ),
        storage_finding(info),
        yes_no_finding(
            info.pids_limit == Some(true) && info.memory_limit == Some(true) && info.cpu_cfs_quota == Some(true),
            ("limits", "Memory, CPU and process limits"),
            ("all three", "not all of them"),
            (Level::Broken, "The kernel lacks a control group controller; terminals cannot be bounded."),
        ),
        yes_no_finding(
            info.swap_limit == Some(true),
            ("swap", "Swap limit"),
            ("works", "the kernel does not account swap"),
            (Level::Warning, "Memory may spill into swap. Boot with swapaccount=1, or without swap."),
        ),
        finding(
            ("gvisor", "gVisor (runsc)"),
            if info.runtimes.as_ref().is_some_and(|r| r.contains_key("runsc")) { "there" } else { "not there" }
                .to_owned(),
            Level::Good,
            None,
        ),
    ]
}

fn storage_finding(info: &SystemInfo) -> Finding {
    let driver = info.driver.clone().unwrap_or_default();
    let backing =
        info.driver_status.iter().flatten().find(|pair| pair.first().is_some_and(|k| k == "Backing Filesystem"));
    let backing = backing.and_then(|pair| pair.get(1)).cloned().unwrap_or_else(|| "unknown".to_owned());
    let quota = driver == "btrfs" || driver == "zfs" || backing == "xfs";
    finding(
        ("storage", "Storage"),
        format!("{driver} on {backing}"),
        if quota { Level::Good } else { Level::Warning },
        (!quota).then_some("This storage offers no project quota; a home volume is bounded only by the disk."),
    )
}

fn yes_no_finding(
    good: bool,
    name: (&str, &str),
    (yes, no): (&str, &str),
    (otherwise, advice): (Level, &str),
) -> Finding {
    let level = if good { Level::Good } else { otherwise };
    finding(name, if good { yes } else { no }.to_owned(), level, (!good).then_some(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runc_versions_with_known_breakouts_are_warnings() {
        for bad in ["1.1.5+ds1", "1.1.15", "1.2.7", "1.3.2", "1.3.0-rc1", "1.4.0-rc.2", "", "unknown"] {
            assert_eq!(runc_version(bad).level, Level::Warning, "{bad}");
        }
        for good in ["1.2.8", "1.3.3", "v1.3.4", "1.4.0", "1.5.1", "2.0.0"] {
            assert_eq!(runc_version(good).level, Level::Good, "{good}");
        }
    }

    #[test]
    fn engines_without_security_fixes_are_warnings() {
        assert_eq!(engine_version("20.10.24+dfsg1", "1.41").level, Level::Warning);
        assert_eq!(engine_version("28.2.2", "1.50").level, Level::Good);
    }
}
