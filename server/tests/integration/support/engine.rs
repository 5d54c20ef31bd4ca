//! The real engine. Used only when `REXEC_TEST_DOCKER=1`; otherwise tests report that they were skipped.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use protocol::SandboxId;
use sandbox::{LaunchSpec, Lifecycle as _, Limits, Progress, docker::Docker, profile::STANDARD};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const SMALL: Limits = Limits { memory_bytes: 512 << 20, cpu_millis: 500 };

/// A container of the Debian image with a new id.
pub fn launch_spec() -> LaunchSpec {
    LaunchSpec {
        id: SandboxId::new(Uuid::new_v4()),
        image_reference: "rexec/debian:1".into(),
        hostname: "contract".into(),
        limits: SMALL,
        profile: STANDARD,
    }
}

/// A token that is never cancelled.
pub fn never() -> CancellationToken {
    CancellationToken::new()
}

/// Discards the progress of a launch.
pub fn no_progress() -> Progress {
    Arc::new(|_| {})
}

/// A engine with its own instance id. Dropping it removes its containers and volumes.
pub struct RealEngine {
    pub engine: Docker,
    pub instance: Uuid,
    pub data: tempfile::TempDir,
}

impl RealEngine {
    /// `None` (with a message) when the real engine is not to be used.
    pub async fn start() -> Option<Self> {
        if std::env::var("REXEC_TEST_DOCKER").as_deref() != Ok("1") {
            eprintln!("NOT TESTED on the real engine: set REXEC_TEST_DOCKER=1 to make containers");
            return None;
        }
        let (instance, data) = (Uuid::new_v4(), tempfile::tempdir().expect("a temporary folder"));
        let engine = connect(instance, &data).await;
        Some(Self { engine, instance, data })
    }

    /// Another server process on the same data directory.
    pub async fn restarted(&self) -> Docker {
        connect(self.instance, &self.data).await
    }

    pub fn name_of(&self, id: SandboxId) -> String {
        format!("rexec-{}-{id}", &self.instance.simple().to_string()[..8])
    }

    /// Deletes all containers of this instance.
    pub async fn clean(&self) {
        for (id, _) in self.engine.list().await.expect("the engine lists") {
            self.engine.delete(id).await.expect("deleted");
        }
    }
}

/// Also after a failed test: everything with the label of this instance is removed.
impl Drop for RealEngine {
    fn drop(&mut self) {
        let own_label = format!("label=rexec.instance={}", self.instance.hyphenated());
        for (list, remove) in
            [(&["ps", "-aq"][..], &["rm", "-f"][..]), (&["volume", "ls", "-q"], &["volume", "rm", "-f"])]
        {
            let remains = engine_now(&[list, &["--filter", &own_label]].concat());
            let remains: Vec<&str> = remains.split_whitespace().collect();
            if !remains.is_empty() {
                engine_now(&[remove, &remains[..]].concat());
            }
        }
    }
}

/// For `drop`, which cannot await. Failures are printed.
fn engine_now(args: &[&str]) -> String {
    match std::process::Command::new("timeout").args(["60", "docker"]).args(args).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        failed => {
            eprintln!("docker {args:?}: {failed:?}");
            String::new()
        }
    }
}

async fn connect(instance: Uuid, data: &tempfile::TempDir) -> Docker {
    let guest = std::env::var_os("REXEC_GUEST_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/guest-bin/rexec-guest"),
        PathBuf::from,
    );
    let guest = guest.canonicalize().expect("the guest is built (scripts/build-guest.sh)");
    let host = std::env::var("REXEC_DOCKER_HOST").ok();
    Docker::connect(host.as_deref(), instance, data.path(), &guest, STANDARD).await.expect("the engine answers")
}

/// The engine's command line client, for changes made without the server.
pub async fn docker(args: &[&str]) -> String {
    docker_try(args).await.unwrap_or_else(|error| panic!("docker {args:?}: {error}"))
}

/// The same, with failures as a value.
pub async fn docker_try(args: &[&str]) -> Result<String, String> {
    let run = tokio::process::Command::new("docker").args(args).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(60), run).await.expect("in time").expect("docker runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
