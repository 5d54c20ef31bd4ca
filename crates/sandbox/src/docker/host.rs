//! Properties of this engine and this kernel, read once.

use std::{collections::BTreeSet, path::Path};

use bollard::{
    Docker,
    models::{ContainerCreateBody, HostConfig, SystemInfo},
    query_parameters::CreateContainerOptions,
};

use super::{
    connection::{CHANGE_TIMEOUT, QUERY_TIMEOUT, call},
    container::{force_remove, inspect},
    names::{LABEL_PROBE, Names},
};
use crate::{EngineError, Limits, profile::Profile};

/// A valid block I/O weight; the engine drops it where the kernel does not support one.
const PROBE_BLOCK_IO_WEIGHT: u16 = 500;

/// What the engine adds to a container, and what this host can give to one.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// Paths that the engine masks by default.
    default_masked: Vec<String>,
    /// Paths that the engine makes read-only by default.
    default_read_only: Vec<String>,
    /// The engine accepts a block I/O weight.
    pub has_block_io_weight: bool,
    /// Name servers to set, when the host's own is a stub on its loopback interface.
    pub dns: Vec<String>,
    /// Host uid of container root, when the engine remaps users.
    pub remapped_root: Option<u32>,
    /// All cores of the host, in thousandths. The engine refuses a higher quota.
    cpu_millis: u32,
}

impl HostFacts {
    /// A tier's limits, reduced to what this host has.
    pub fn clamp(&self, limits: Limits) -> Limits {
        Limits { cpu_millis: limits.cpu_millis.min(self.cpu_millis), ..limits }
    }

    /// Masked paths of the profile and of the engine, sorted.
    pub fn with_default_masked(&self, profile: &Profile) -> Vec<String> {
        union(profile.masked, &self.default_masked)
    }

    /// Read-only paths of the profile and of the engine, sorted.
    pub fn with_default_read_only(&self, profile: &Profile) -> Vec<String> {
        union(profile.read_only, &self.default_read_only)
    }
}

fn union(profile: &[&str], engine: &[String]) -> Vec<String> {
    let all: BTreeSet<String> = profile.iter().map(|p| (*p).to_owned()).chain(engine.iter().cloned()).collect();
    all.into_iter().collect()
}

/// Reads the facts. `image_id` is any image that the engine has.
pub async fn read_facts(docker: &Docker, names: &Names, image_id: &str) -> Result<HostFacts, EngineError> {
    let info = call(QUERY_TIMEOUT, docker.info()).await?;
    let defaults = engine_defaults(docker, names, image_id).await?;
    Ok(HostFacts {
        default_masked: defaults.masked_paths.unwrap_or_default(),
        default_read_only: defaults.readonly_paths.unwrap_or_default(),
        has_block_io_weight: defaults.blkio_weight.is_some_and(|weight| weight > 0),
        dns: name_servers(Path::new("/etc/resolv.conf"), Path::new("/run/systemd/resolve/resolv.conf")),
        remapped_root: remapped_root(&info),
        cpu_millis: info.ncpu.and_then(|n| u32::try_from(n.saturating_mul(1000)).ok()).unwrap_or(u32::MAX),
    })
}

/// The engine documents its defaults only in the description of a container. This creates one with default settings,
/// reads its description and removes it; it is never started.
async fn engine_defaults(docker: &Docker, names: &Names, image_id: &str) -> Result<HostConfig, EngineError> {
    let name = names.probe_container();
    let body = ContainerCreateBody {
        image: Some(image_id.to_owned()),
        entrypoint: Some(vec!["/nothing".to_owned()]),
        network_disabled: Some(true),
        labels: Some([names.instance_label(), (LABEL_PROBE.to_owned(), "1".to_owned())].into()),
        host_config: Some(HostConfig {
            blkio_weight: Some(PROBE_BLOCK_IO_WEIGHT),
            network_mode: Some("none".to_owned()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
    call(CHANGE_TIMEOUT, docker.create_container(Some(options), body)).await?;
    let description = inspect(docker, &name).await;
    force_remove(docker, &name).await?;
    Ok(description?.host_config.unwrap_or_default())
}

/// Host uid of container root when the engine remaps users: then its data directory ends in `/UID.GID`.
pub fn remapped_root(info: &SystemInfo) -> Option<u32> {
    let remaps = info.security_options.iter().flatten().any(|option| option.contains("userns"));
    let last = info.docker_root_dir.as_deref()?.rsplit('/').next()?;
    let uid = last.split_once('.')?.0.parse().ok()?;
    remaps.then_some(uid)
}

/// A container cannot reach a resolver on the host's loopback interface. When the host has only such a stub, these are
/// the servers that the stub forwards to. An empty list leaves the choice to the engine.
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
    fn servers_behind_a_stub_are_used_only_if_the_host_has_nothing_but_a_loopback_stub() {
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
    fn the_uid_of_container_root_is_read_from_a_remapping_engines_data_directory() {
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
