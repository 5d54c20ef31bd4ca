//! What this engine and this kernel offer, looked at once and never assumed.

use std::{collections::BTreeSet, path::Path};

use bollard::{
    Docker,
    models::{ContainerCreateBody, HostConfig, SystemInfo},
    query_parameters::{CreateContainerOptions, RemoveContainerOptions},
};

use super::{
    engine::{ASK, WORK, found, within},
    names::{LABEL_INSTANCE, LABEL_PROBE, Names},
};
use crate::{Limits, RuntimeError, profile::Profile};

/// What a container can be given here.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// Profile and engine defaults together, sorted.
    pub masked: Vec<String>,
    /// Profile and engine defaults together, sorted.
    pub read_only: Vec<String>,
    /// The profile's weight, or zero where the engine throws it away.
    pub block_io_weight: u16,
    /// Name servers to give, when the host's own is a stub on its loopback.
    pub dns: Vec<String>,
    /// Host uid that container root is, when the engine remaps users.
    pub remapped_root: Option<u32>,
    /// All cores of the host, in thousandths; an engine refuses to give more.
    pub cpu_millis: u32,
}

impl HostFacts {
    /// A tier's limits as far as this host can give them.
    pub fn possible(&self, limits: Limits) -> Limits {
        Limits { cpu_millis: limits.cpu_millis.min(self.cpu_millis), ..limits }
    }
}

/// Looks. `image_id` is any image the engine has: a container made from it with everything left at the engine's
/// defaults, never started and removed at once, shows what those defaults are.
pub async fn look(
    docker: &Docker,
    names: &Names,
    profile: &Profile,
    image_id: &str,
) -> Result<HostFacts, RuntimeError> {
    let info = within(ASK, docker.info()).await?;
    let defaults = engine_defaults(docker, names, profile, image_id).await?;
    let union = |ours: &[&str], theirs: Option<Vec<String>>| -> Vec<String> {
        let all: BTreeSet<String> = ours.iter().map(|p| (*p).to_owned()).chain(theirs.into_iter().flatten()).collect();
        all.into_iter().collect()
    };
    Ok(HostFacts {
        masked: union(profile.masked, defaults.masked_paths),
        read_only: union(profile.read_only, defaults.readonly_paths),
        block_io_weight: defaults.blkio_weight.unwrap_or(0),
        dns: name_servers(Path::new("/etc/resolv.conf"), Path::new("/run/systemd/resolve/resolv.conf")),
        remapped_root: remapped_root(&info),
        cpu_millis: info.ncpu.and_then(|n| u32::try_from(n.saturating_mul(1000)).ok()).unwrap_or(u32::MAX),
    })
}

async fn engine_defaults(
    docker: &Docker,
    names: &Names,
    profile: &Profile,
    image_id: &str,
) -> Result<HostConfig, RuntimeError> {
    let name = names.probe();
    let instance = names.filter().remove("label").unwrap_or_default().join(",");
    let instance = instance.split_once('=').map(|(_, id)| id.to_owned()).unwrap_or_default();
    let body = ContainerCreateBody {
        image: Some(image_id.to_owned()),
        entrypoint: Some(vec!["/nothing".to_owned()]),
        network_disabled: Some(true),
        labels: Some([(LABEL_INSTANCE.to_owned(), instance), (LABEL_PROBE.to_owned(), "1".to_owned())].into()),
        host_config: Some(HostConfig {
            blkio_weight: Some(profile.block_io_weight),
            network_mode: Some("none".to_owned()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
    within(WORK, docker.create_container(Some(options), body)).await?;
    let seen = within(ASK, docker.inspect_container(&name, None)).await;
    let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
    found(WORK, docker.remove_container(&name, Some(options))).await?;
    Ok(seen?.host_config.unwrap_or_default())
}

/// With remapped users the engine's root folder ends in `/UID.GID` of container root.
pub fn remapped_root(info: &SystemInfo) -> Option<u32> {
    let remaps = info.security_options.iter().flatten().any(|option| option.contains("userns"));
    let last = info.docker_root_dir.as_deref()?.rsplit('/').next()?;
    let uid = last.split_once('.')?.0.parse().ok()?;
    remaps.then_some(uid)
}

/// A resolver on the host's loopback cannot be reached from a container, and the engine's own proxy would ask it from
/// the host's namespace. Then the real servers behind it are named; where they are unknown, the engine decides.
fn name_servers(resolv_conf: &Path, behind_stub: &Path) -> Vec<String> {
    let read = |path: &Path| servers_in(&std::fs::read_to_string(path).unwrap_or_default());
    let usual = read(resolv_conf);
    if usual.is_empty() || usual.iter().any(|ip| !ip.is_loopback()) {
        return Vec::new();
    }
    read(behind_stub).into_iter().filter(|ip| !ip.is_loopback()).map(|ip| ip.to_string()).collect()
}

fn servers_in(text: &str) -> Vec<std::net::IpAddr> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .filter_map(|rest| rest.trim().parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_stub_is_looked_behind() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let stub = write("stub", "# x\nnameserver 127.0.0.53\noptions edns0\n");
        let plain = write("plain", "nameserver 10.1.1.1\nnameserver 127.0.0.1\n");
        let behind = write("behind", "nameserver 10.9.9.9\nnameserver fe80::1%eth0\n");
        let none = dir.path().join("none");
        assert_eq!(name_servers(&stub, &behind), ["10.9.9.9"]);
        assert!(name_servers(&plain, &behind).is_empty());
        assert!(name_servers(&none, &behind).is_empty());
        assert!(name_servers(&stub, &none).is_empty());
    }

    #[test]
    fn a_remapping_engine_says_who_root_is() {
        let info = |dir: &str, option: &str| SystemInfo {
            docker_root_dir: Some(dir.to_owned()),
            security_options: Some(vec![option.to_owned()]),
            ..SystemInfo::default()
        };
        assert_eq!(remapped_root(&info("/var/lib/docker/100000.100000", "name=userns")), Some(100_000));
        assert_eq!(remapped_root(&info("/var/lib/docker", "name=seccomp,profile=default")), None);
        assert_eq!(remapped_root(&info("/srv/1.2", "name=seccomp,profile=default")), None);
    }
}
