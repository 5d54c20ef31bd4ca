//! Memory of the server, and growth of its log and of the audit log.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use bench::{client::Client, server::Server};
use reqwest::Method;
use tokio::task::JoinHandle;

/// Between two samples of the memory.
const SAMPLE_EVERY: Duration = Duration::from_millis(200);
/// Size of an audit event in the database with its indexes, in bytes.
const EVENT_BYTES: u64 = 800;

/// What the server used in one span of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Largest resident memory, in megabytes.
    pub(crate) memory_mb: f64,
    /// Growth of the server's log and of the audit log.
    pub(crate) growth_mb_per_minute: f64,
}

/// A measurement that is running.
pub(crate) struct UsageMeter {
    log: PathBuf,
    began: Instant,
    bytes: u64,
    peak_kb: Arc<AtomicU64>,
    sampler: JoinHandle<()>,
}

impl UsageMeter {
    /// Starts to sample.
    ///
    /// # Errors
    /// The log or the audit log cannot be read.
    pub(crate) async fn start(server: &Server, admin: &Client) -> Result<Self> {
        let (pid, peak_kb) = (server.pid, Arc::new(AtomicU64::new(0)));
        let sampler = tokio::spawn({
            let peak_kb = peak_kb.clone();
            async move {
                loop {
                    peak_kb.fetch_max(resident_kb(pid).unwrap_or(0), Ordering::Relaxed);
                    tokio::time::sleep(SAMPLE_EVERY).await;
                }
            }
        });
        let log = server.folder().join("log");
        Ok(Self { bytes: written(&log, admin).await?, log, began: Instant::now(), peak_kb, sampler })
    }

    /// Ends the measurement.
    ///
    /// # Errors
    /// The log or the audit log cannot be read.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) async fn finish(self, admin: &Client) -> Result<Usage> {
        self.sampler.abort();
        let grown = written(&self.log, admin).await?.saturating_sub(self.bytes) as f64 / 1e6;
        Ok(Usage {
            memory_mb: self.peak_kb.load(Ordering::Relaxed) as f64 / 1024.0,
            growth_mb_per_minute: grown * 60.0 / self.began.elapsed().as_secs_f64(),
        })
    }
}

fn resident_kb(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

/// Bytes of the log and of all audit events.
async fn written(log: &PathBuf, admin: &Client) -> Result<u64> {
    let newest = admin.call(Method::GET, "/api/admin/audit?limit=1", None).await?;
    let events = newest["items"][0]["seq"].as_u64().context("no audit event")?;
    Ok(fs::metadata(log)?.len() + events * EVENT_BYTES)
}
