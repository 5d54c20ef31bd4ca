//! The neighbour: an account that types, locks, attaches and asks for the health of the server.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bench::{attached::Attached, client::Client, figures::Samples, lock, server::Server};
use reqwest::Method;

use crate::usage::{Usage, UsageMeter};

/// A probe that has no answer after this time counts with this time.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses between two probes of a kind.
const ECHO_EVERY: Duration = Duration::from_millis(20);
const HEALTH_EVERY: Duration = Duration::from_millis(20);
const ATTACH_EVERY: Duration = Duration::from_millis(200);
const LOCK_EVERY: Duration = Duration::from_millis(200);

/// What the neighbour saw in one span of time.
pub(crate) struct Observation {
    pub(crate) echo: Samples,
    pub(crate) health: Samples,
    pub(crate) attach: Samples,
    pub(crate) lock: Samples,
    pub(crate) usage: Usage,
}

impl Observation {
    pub(crate) fn header() -> String {
        format!(
            "{:<44} {:>15} {:>15} {:>15} {:>15} {:>7} {:>9}",
            "p50 / p99, milliseconds", "echo", "healthz", "attach", "lock", "MB", "MB/minute"
        )
    }

    pub(crate) fn row(&self, name: &str) -> String {
        let pair = |samples: &Samples| format!("{:.1} / {:.1}", samples.median_ms(), samples.percentile_ms(99.0));
        format!(
            "{name:<44} {:>15} {:>15} {:>15} {:>15} {:>7.0} {:>9.2}",
            pair(&self.echo),
            pair(&self.health),
            pair(&self.attach),
            pair(&self.lock),
            self.usage.memory_mb,
            self.usage.growth_mb_per_minute
        )
    }
}

/// The neighbour's terminals: one to type in, one to attach to, and one that stays locked.
pub(crate) struct Neighbour {
    client: Client,
    typed: Attached,
    attachable: String,
    locked: String,
}

impl Neighbour {
    /// Creates the terminals and enrols the factor that locking requires.
    ///
    /// # Errors
    /// A request fails.
    pub(crate) async fn prepare(client: Client, image: &str) -> Result<Self> {
        lock::enrol(&client).await?;
        let typing = client.create(image).await?;
        let (attachable, locked) = (client.create(image).await?, client.create(image).await?);
        let mut typed = client.attach(&typing).await?;
        typed.read_until(b"$").await?;
        typed.input(b"stty -echo; cat\r").await?;
        typed.read_until(b"cat").await?;
        // Canonical mode without echo: a line comes back once.
        typed.input(b"ready\r").await?;
        typed.read_until(b"ready").await?;
        Ok(Self { client, typed, attachable, locked })
    }

    /// Measures for `span`, all kinds at once.
    ///
    /// # Errors
    /// A socket is closed or a request is rejected.
    pub(crate) async fn observe(&mut self, server: &Server, span: Duration) -> Result<Observation> {
        let meter = UsageMeter::start(server, &self.client).await?;
        let until = Instant::now() + span;
        let Self { client, typed, attachable, locked } = self;
        let (client, lock_path) = (&*client, format!("/api/security/terminal/{locked}/mfa-lock"));
        let health_url = format!("{}/healthz", server.base);
        let attach = async || client.attach(attachable).await?.output().await.map(drop);
        let lock = async || client.call(Method::POST, &lock_path, None).await.map(drop);
        // A new connection each time.
        let health = async || {
            let http = reqwest::Client::builder().pool_max_idle_per_host(0).build()?;
            Ok(http.get(&health_url).send().await?.error_for_status().map(drop)?)
        };
        let (echo, health, attach, lock) = tokio::try_join!(
            echoes(typed, until),
            repeat("healthz", until, HEALTH_EVERY, health),
            repeat("attach", until, ATTACH_EVERY, attach),
            repeat("lock", until, LOCK_EVERY, lock),
        )?;
        Ok(Observation { echo, health, attach, lock, usage: meter.finish(client).await? })
    }
}

/// Times `probe` repeatedly.
async fn repeat(what: &str, until: Instant, every: Duration, probe: impl AsyncFn() -> Result<()>) -> Result<Samples> {
    let mut samples = Samples::default();
    while Instant::now() < until {
        let began = Instant::now();
        match tokio::time::timeout(PROBE_TIMEOUT, probe()).await {
            Ok(done) => done.with_context(|| what.to_owned())?,
            Err(_) => eprintln!("{what}: no answer within {PROBE_TIMEOUT:?}"),
        }
        samples.push(began.elapsed());
        tokio::time::sleep(every).await;
    }
    Ok(samples)
}

/// Times the echo of one line at a time.
async fn echoes(typed: &mut Attached, until: Instant) -> Result<Samples> {
    let mut samples = Samples::default();
    while Instant::now() < until {
        let began = Instant::now();
        typed.input(b"k\r").await?;
        typed.read_until(b"k\r\n").await.context("echo")?;
        samples.push(began.elapsed());
        tokio::time::sleep(ECHO_EVERY).await;
    }
    Ok(samples)
}
