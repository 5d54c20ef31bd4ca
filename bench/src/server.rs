//! The server under test: the real binary as a child process.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::timeout::with_timeout;

/// Where the server's log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// To the standard error of this process, warnings only.
    Inherit,
    /// To `log` in the server's folder, with the default filter.
    File,
}

/// A server process with its own empty data directory on a free port.
pub struct Server {
    child: Child,
    /// Base URL, `http://127.0.0.1:PORT`.
    pub base: String,
    /// One-time token of the set-up link.
    pub token: String,
    /// Time from the start of the process to its ready line.
    pub ready_after: Duration,
    /// Process id.
    pub pid: u32,
    /// Removed when the value is dropped.
    dir: tempfile::TempDir,
}

impl Server {
    /// Starts `binary serve` in an empty directory and waits for its ready line.
    ///
    /// # Errors
    /// The binary cannot be started, or does not become ready.
    pub async fn start(binary: &Path, log: Log) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let began = Instant::now();
        let missing = || format!("cannot start {}; build it with ./run --build", binary.display());
        // Absolute, because the process gets another working directory.
        let mut command = Command::new(binary.canonicalize().with_context(missing)?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("d"))
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        match log {
            Log::Inherit => command.env("REXEC_LOG", "warn"),
            Log::File => command.stderr(File::create(dir.path().join("log"))?),
        };
        let mut child = command.spawn().with_context(missing)?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(url) = line.strip_prefix("Rexec is ready: ") {
                    return Ok(url.to_owned());
                }
            }
            bail!("the server ended before it was ready")
        };
        let url = with_timeout("start of the server", ready).await?;
        let (base, _) = url.split_once("/setup").context("no set-up link in the ready line")?;
        let (_, token) = url.split_once("token=").context("no token in the set-up link")?;
        let (base, token) = (base.to_owned(), token.to_owned());
        let pid = child.id().context("the server ended")?;
        Ok(Self { base, token, child, ready_after: began.elapsed(), pid, dir })
    }

    /// The folder that holds the data directory and, with [`Log::File`], the log.
    pub fn folder(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Sends SIGTERM and waits until the process has ended.
    ///
    /// # Errors
    /// The process does not end in time.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(pid) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        with_timeout("stop of the server", async { Ok(self.child.wait().await?) }).await?;
        Ok(())
    }
}
