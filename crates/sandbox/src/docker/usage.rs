//! CPU, memory and process figures of one container, from the engine's one-shot statistics (cgroup v1 and v2).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bollard::{
    Docker,
    models::{ContainerMemoryStats, ContainerStatsResponse, HostConfig},
    query_parameters::StatsOptions,
};
use futures_util::StreamExt as _;
use protocol::{SandboxId, Timestamp, terminals::Stats};

use super::connection::QUERY_TIMEOUT;
use crate::EngineError;

/// CPU use is measured over this interval when there is no earlier sample.
const FIRST_INTERVAL: Duration = Duration::from_millis(250);
/// Older samples are discarded.
const SAMPLE_AGE_MAX: Duration = Duration::from_secs(30);
/// A newer sample is too close for a meaningful average, so the one before it is kept.
const SAMPLE_AGE_MIN: Duration = Duration::from_millis(200);

/// Latest samples: time, and total CPU time in nanoseconds.
#[derive(Debug, Default)]
pub struct Samples(Mutex<HashMap<SandboxId, (Instant, u64)>>);

impl Samples {
    fn swap(&self, id: SandboxId, sample: (Instant, u64)) -> Option<(Instant, u64)> {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        samples.retain(|_, (at, _)| at.elapsed() < SAMPLE_AGE_MAX);
        match samples.get(&id) {
            Some(&kept) if kept.0.elapsed() < SAMPLE_AGE_MIN => Some(kept),
            _ => samples.insert(id, sample),
        }
    }
}

/// Limits in a container's configuration.
#[derive(Debug, Clone, Copy)]
pub struct ConfiguredLimits {
    cpu_millis: u32,
    memory_bytes: u64,
    pids: u32,
}

/// Reads the limits from the engine's description. A missing limit is zero.
pub fn configured_limits(config: &HostConfig) -> ConfiguredLimits {
    ConfiguredLimits {
        cpu_millis: config.nano_cpus.and_then(|n| u32::try_from(n / 1_000_000).ok()).unwrap_or(0),
        memory_bytes: config.memory.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        pids: config.pids_limit.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
    }
}

/// Reads the current figures.
pub async fn read(
    docker: &Docker,
    container: &str,
    id: SandboxId,
    limits: ConfiguredLimits,
    samples: &Samples,
    at: Timestamp,
) -> Result<Stats, EngineError> {
    let mut now = one_shot(docker, container).await?;
    let mut taken_at = Instant::now();
    let before = match samples.swap(id, (taken_at, cpu_nanos(&now))) {
        Some(before) => before,
        None => {
            let before = (taken_at, cpu_nanos(&now));
            tokio::time::sleep(FIRST_INTERVAL).await;
            now = one_shot(docker, container).await?;
            taken_at = Instant::now();
            before
        }
    };
    let nanos = taken_at.duration_since(before.0).as_nanos().max(1);
    let used = u128::from(cpu_nanos(&now).saturating_sub(before.1));
    let pids = now.pids_stats.as_ref().and_then(|p| p.current).unwrap_or(0);
    Ok(Stats {
        cpu_millis: u32::try_from(used * 1000 / nanos).unwrap_or(u32::MAX),
        cpu_millis_limit: limits.cpu_millis,
        memory_bytes: now.memory_stats.as_ref().map(memory_used).unwrap_or(0),
        memory_bytes_limit: limits.memory_bytes,
        pids: u32::try_from(pids).unwrap_or(u32::MAX),
        pids_limit: limits.pids,
        at,
    })
}

async fn one_shot(docker: &Docker, container: &str) -> Result<ContainerStatsResponse, EngineError> {
    let mut stream = docker.stats(container, Some(StatsOptions { stream: false, one_shot: true }));
    match tokio::time::timeout(QUERY_TIMEOUT, stream.next()).await {
        Ok(Some(Ok(stats))) => Ok(stats),
        Ok(Some(Err(error))) => Err(EngineError::Failed(error.to_string())),
        Ok(None) => Err(EngineError::NoContainer),
        Err(_) => Err(EngineError::Unavailable(format!("no answer within {} s", QUERY_TIMEOUT.as_secs()))),
    }
}

fn cpu_nanos(stats: &ContainerStatsResponse) -> u64 {
    stats.cpu_stats.as_ref().and_then(|c| c.cpu_usage.as_ref()).and_then(|u| u.total_usage).unwrap_or(0)
}

/// Memory in use without the reclaimable page cache: `total_inactive_file` (v1), `inactive_file` (v2).
fn memory_used(memory: &ContainerMemoryStats) -> u64 {
    let cache = memory.stats.as_ref().and_then(|s| s.get("total_inactive_file").or_else(|| s.get("inactive_file")));
    memory.usage.unwrap_or(0).saturating_sub(cache.copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_use_excludes_the_page_cache_on_both_cgroup_versions() {
        let of = |key: &str| ContainerMemoryStats {
            usage: Some(100),
            stats: Some(HashMap::from([(key.to_owned(), 30)])),
            ..ContainerMemoryStats::default()
        };
        assert_eq!(memory_used(&of("total_inactive_file")), 70);
        assert_eq!(memory_used(&of("inactive_file")), 70);
        assert_eq!(memory_used(&ContainerMemoryStats::default()), 0);
    }
}
