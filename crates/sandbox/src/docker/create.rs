//! The request that creates a container from the profile. No branch sets `privileged`, and only fields of API 1.41
//! are used.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, Mount,
    MountBindOptions, MountBindOptionsPropagationEnum, MountType, MountVolumeOptions, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};

use crate::{
    profile::Ulimit,
    verify::{GUEST_TARGET, Intended, SOCKET_TARGET},
};

/// Body of the create call.
pub fn body(intended: &Intended) -> ContainerCreateBody {
    ContainerCreateBody {
        hostname: Some(intended.hostname.clone()),
        // Container root with the profile's capabilities; the guest starts every shell as uid 1000.
        user: Some("0:0".to_owned()),
        attach_stdin: Some(false),
        attach_stdout: Some(false),
        attach_stderr: Some(false),
        tty: Some(false),
        open_stdin: Some(false),
        entrypoint: Some(vec![GUEST_TARGET.to_owned()]),
        cmd: Some(vec!["init".to_owned()]),
        // The image's own health check would run a program of the image repeatedly.
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        image: Some(intended.image_id.clone()),
        working_dir: Some("/".to_owned()),
        labels: Some(intended.labels.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()),
        stop_signal: Some("SIGTERM".to_owned()),
        host_config: Some(host_config(intended)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(intended: &Intended) -> HostConfig {
    let profile = &intended.profile;
    let memory = i64::try_from(intended.limits.memory_bytes).ok();
    HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(owned(profile.capabilities)),
        security_opt: Some(super::description::security_options()),
        privileged: Some(false),
        readonly_rootfs: Some(true),
        tmpfs: Some(profile.tmpfs.iter().map(|t| (t.path.to_owned(), t.options())).collect()),
        masked_paths: Some(intended.masked.clone()),
        readonly_paths: Some(intended.read_only.clone()),
        memory,
        memory_swap: memory,
        nano_cpus: Some(intended.limits.nano_cpus()),
        pids_limit: Some(i64::from(profile.pids_max)),
        blkio_weight: (intended.block_io_weight > 0).then_some(intended.block_io_weight),
        ulimits: Some(ulimits(intended)),
        shm_size: Some(i64::from(profile.shm_mib) * 1024 * 1024),
        sysctls: Some(pairs(profile.sysctls)),
        network_mode: Some(profile.network.to_owned()),
        dns: (!intended.dns.is_empty()).then(|| intended.dns.clone()),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        init: Some(false),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: Some(0) }),
        // The engine must not write terminal output to its log files.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: Some(HashMap::new()) }),
        mounts: Some(mounts(intended)),
        ..HostConfig::default()
    }
}

fn mounts(intended: &Intended) -> Vec<Mount> {
    let read_only_bind = |source: &str, target: &str| Mount {
        typ: Some(MountType::BIND),
        source: Some(source.to_owned()),
        target: Some(target.to_owned()),
        read_only: Some(true),
        bind_options: Some(MountBindOptions {
            propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE),
            ..MountBindOptions::default()
        }),
        ..Mount::default()
    };
    let labels = intended.labels.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let home = Mount {
        typ: Some(MountType::VOLUME),
        source: Some(intended.volume.clone()),
        target: Some(intended.profile.home.to_owned()),
        read_only: Some(false),
        volume_options: Some(MountVolumeOptions { labels: Some(labels), ..MountVolumeOptions::default() }),
        ..Mount::default()
    };
    vec![
        home,
        read_only_bind(&intended.guest_binary, GUEST_TARGET),
        read_only_bind(&intended.socket_dir, SOCKET_TARGET),
    ]
}

fn ulimits(intended: &Intended) -> Vec<ResourcesUlimits> {
    let one = |u: &Ulimit| ResourcesUlimits { name: Some(u.name.to_owned()), soft: Some(u.soft), hard: Some(u.hard) };
    intended.profile.ulimits.iter().map(one).collect()
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn pairs(list: &[(&str, &str)]) -> HashMap<String, String> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
