//! The connection to the engine: found, negotiated, and every call with a deadline.

use std::{future::Future, time::Duration};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};
use tokio::sync::OnceCell;

use crate::RuntimeError;

/// Questions: an engine that is alive answers them at once.
pub const ASK: Duration = Duration::from_secs(10);
/// Making, starting and removing; creation may copy an image's home folder into the volume.
pub const WORK: Duration = Duration::from_secs(60);

const LOCAL_SOCKET: &str = "unix:///var/run/docker.sock";

/// An engine. Connects when it is first needed, so a server can start before its engine.
#[derive(Debug)]
pub struct Engine {
    host: String,
    client: OnceCell<Docker>,
}

impl Engine {
    /// `host` as in `REXEC_DOCKER_HOST`: `unix://`, or `tcp://` on a trusted network; absent: the usual local socket.
    pub fn new(host: Option<&str>) -> Self {
        Self { host: host.unwrap_or(LOCAL_SOCKET).to_owned(), client: OnceCell::new() }
    }

    /// The client, with the newest API version that both sides speak.
    pub async fn client(&self) -> Result<&Docker, RuntimeError> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Docker, RuntimeError> {
        let secs = WORK.as_secs() * 2;
        let docker = match self.host.strip_prefix("unix://") {
            Some(path) => Docker::connect_with_unix(path, secs, API_DEFAULT_VERSION),
            None => Docker::connect_with_http(&self.host, secs, API_DEFAULT_VERSION),
        };
        let docker = docker.map_err(|e| RuntimeError::Unavailable(format!("{}: {e}", self.host)))?;
        within(ASK, docker.negotiate_version()).await
    }
}

/// Runs one engine call within a deadline.
pub async fn within<T>(deadline: Duration, call: impl Future<Output = Result<T, Error>>) -> Result<T, RuntimeError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(answer) => answer.map_err(refused),
        Err(_) => Err(RuntimeError::Unavailable(format!("no answer within {} s", deadline.as_secs()))),
    }
}

/// The same, where "there is none" is an answer.
pub async fn found<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, RuntimeError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(error)) if status(&error) == Some(404) => Ok(None),
        Ok(Err(error)) => Err(refused(error)),
        Err(_) => Err(RuntimeError::Unavailable(format!("no answer within {} s", deadline.as_secs()))),
    }
}

/// HTTP status of a refusal, when it was one.
pub fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

fn refused(error: Error) -> RuntimeError {
    match error {
        Error::DockerResponseServerError { message, status_code: 400..=499, .. } => RuntimeError::Engine(message),
        Error::DockerResponseServerError { message, .. } => RuntimeError::Engine(message),
        Error::RequestTimeoutError => RuntimeError::Unavailable("no answer in time".into()),
        Error::JsonDataError { .. } | Error::JsonSerdeError { .. } => RuntimeError::Engine(error.to_string()),
        other => RuntimeError::Unavailable(other.to_string()),
    }
}
