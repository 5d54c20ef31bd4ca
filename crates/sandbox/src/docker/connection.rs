//! The connection to the engine. Every call has a deadline.

use std::{future::Future, time::Duration};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};
use tokio::sync::OnceCell;

use crate::EngineError;

/// Deadline of calls that only read.
pub const QUERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Deadline of calls that create, start, stop or remove. Creation may copy an image's home directory into the volume.
pub const CHANGE_TIMEOUT: Duration = Duration::from_secs(60);

const LOCAL_SOCKET: &str = "unix:///var/run/docker.sock";

/// An engine. The connection is made at the first call, so the server can start before the engine.
#[derive(Debug)]
pub struct Connection {
    host: String,
    client: OnceCell<Docker>,
}

impl Connection {
    /// `host` as in `REXEC_DOCKER_HOST`: `unix://`, or `tcp://` on a trusted network. `None` is the usual local socket.
    pub fn new(host: Option<&str>) -> Self {
        Self { host: host.unwrap_or(LOCAL_SOCKET).to_owned(), client: OnceCell::new() }
    }

    /// The client, with the newest API version that both sides support.
    pub async fn client(&self) -> Result<&Docker, EngineError> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Docker, EngineError> {
        let secs = CHANGE_TIMEOUT.as_secs() * 2;
        let docker = match self.host.strip_prefix("unix://") {
            Some(path) => Docker::connect_with_unix(path, secs, API_DEFAULT_VERSION),
            None => Docker::connect_with_http(&self.host, secs, API_DEFAULT_VERSION),
        };
        let docker = docker.map_err(|e| EngineError::Unavailable(format!("{}: {e}", self.host)))?;
        call(QUERY_TIMEOUT, docker.negotiate_version()).await
    }
}

/// Runs one engine call with a deadline.
pub async fn call<T>(deadline: Duration, call: impl Future<Output = Result<T, Error>>) -> Result<T, EngineError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(answer) => answer.map_err(engine_error),
        Err(_) => Err(EngineError::Unavailable(format!("no answer within {} s", deadline.as_secs()))),
    }
}

/// The same for calls whose subject may not exist: status 404 is `None`.
pub async fn call_optional<T>(
    deadline: Duration,
    request: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, EngineError> {
    let request = async {
        match request.await {
            Ok(answer) => Ok(Some(answer)),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    };
    call(deadline, request).await
}

fn engine_error(error: Error) -> EngineError {
    match error {
        Error::DockerResponseServerError { message, .. } => EngineError::Failed(message),
        Error::RequestTimeoutError => EngineError::Unavailable("no answer in time".into()),
        Error::JsonDataError { .. } | Error::JsonSerdeError { .. } => EngineError::Failed(error.to_string()),
        other => EngineError::Unavailable(other.to_string()),
    }
}

/// Classifies the failure of a change of limits. The kernel answers EBUSY to a memory limit below the current usage.
/// The engine passes on the kernel's text with status 500, so the text is the only distinction.
pub fn limit_error(error: EngineError) -> EngineError {
    match error {
        EngineError::Failed(message) if message.contains("busy") => EngineError::LimitBelowUsage(message),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_below_the_current_usage_is_classified_by_the_kernels_text() {
        let rejected = |message: &str| {
            limit_error(engine_error(Error::DockerResponseServerError {
                status_code: 500,
                message: message.to_owned(),
            }))
        };
        let busy = "failed to write 536870912: write memory.limit_in_bytes: device or resource busy";
        assert!(matches!(rejected(busy), EngineError::LimitBelowUsage(_)));
        assert!(matches!(rejected("no space left on device"), EngineError::Failed(_)));
    }
}
