//! The real engine, for stories that need it. Off unless `REXEC_TEST_DOCKER=1`, and loud about it.

use std::{path::PathBuf, process::Stdio, time::Duration};

use sandbox::{Lifecycle as _, docker::Docker, profile::STANDARD};
use uuid::Uuid;

/// A runtime with an instance of its own; what it made is removed when it is dropped.
pub struct RealEngine {
    pub runtime: Docker,
    pub instance: Uuid,
    pub data: tempfile::TempDir,
}

impl RealEngine {
    /// `None`, and says so, when the real engine is not to be used.
    pub async fn start() -> Option<Self> {
        if std::env::var("REXEC_TEST_DOCKER").as_deref() != Ok("1") {
            eprintln!("NOT TESTED on the real engine: set REXEC_TEST_DOCKER=1 to make containers");
            return None;
        }
        let (instance, data) = (Uuid::new_v4(), tempfile::tempdir().expect("a temporary folder"));
        let runtime = connect(instance, &data).await;
        Some(Self { runtime, instance, data })
    }

    /// Another server process on the same data directory.
    pub async fn restarted(&self) -> Docker {
        connect(self.instance, &self.data).await
    }

    pub fn name_of(&self, id: protocol::TerminalId) -> String {
        format!("rexec-{}-{id}", &self.instance.simple().to_string()[..8])
    }

    /// Removes everything of this instance.
    pub async fn clean(&self) {
        for (id, _) in self.runtime.list().await.expect("the engine lists") {
            self.runtime.delete(id).await.expect("deleted");
        }
    }
}

/// Also when the story fails half-way: what has its label goes with it.
impl Drop for RealEngine {
    fn drop(&mut self) {
        let ours = format!("label=rexec.instance={}", self.instance.hyphenated());
        for (list, remove) in
            [(&["ps", "-aq"][..], &["rm", "-f"][..]), (&["volume", "ls", "-q"], &["volume", "rm", "-f"])]
        {
            let left = engine_now(&[list, &["--filter", &ours]].concat());
            let left: Vec<&str> = left.split_whitespace().collect();
            if !left.is_empty() {
                engine_now(&[remove, &left[..]].concat());
            }
        }
    }
}

/// For the end of a story, where nothing can be awaited. What fails is said: there is nobody left to fail for it.
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

/// The engine's own client, for what the product cannot do: breaking things behind its back.
pub async fn docker(args: &[&str]) -> String {
    docker_try(args).await.unwrap_or_else(|error| panic!("docker {args:?}: {error}"))
}

/// The same, where failing is an answer.
pub async fn docker_try(args: &[&str]) -> Result<String, String> {
    let run = tokio::process::Command::new("docker").args(args).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(60), run).await.expect("in time").expect("docker runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
