//! The engine without Rexec, for comparison: create and start of a container, and the echo of an exec.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use bollard::{
    Docker,
    exec::{StartExecOptions, StartExecResults},
    models::{ContainerCreateBody, ExecConfig, HostConfig},
    query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder},
};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::{figures::Samples, timeout::with_timeout};

/// Label of the containers that the bench creates, for cleaning up after an aborted run.
const LABEL: &str = "rexec.bench";

/// A connection to the local engine.
pub struct Engine(Docker);

impl Engine {
    /// Connects with the defaults of the environment.
    ///
    /// # Errors
    /// The engine does not respond.
    pub async fn connect() -> Result<Self> {
        let docker = Docker::connect_with_local_defaults()?.negotiate_version().await?;
        docker.ping().await.context("the engine does not answer")?;
        Ok(Self(docker))
    }

    /// Creates and starts a container of the image with the default settings of the engine, without any control of the
    /// profile. Returns the time until the engine reports it as started, and its id.
    ///
    /// # Errors
    /// A request to the engine fails.
    pub async fn create_and_start(&self, image: &str) -> Result<(Duration, String)> {
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: Some(vec!["sleep".to_owned(), "3600".to_owned()]),
            labels: Some(HashMap::from([(LABEL.to_owned(), "1".to_owned())])),
            host_config: Some(HostConfig { init: Some(true), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let began = Instant::now();
        let created = self.0.create_container(Some(CreateContainerOptionsBuilder::new().build()), body).await?;
        self.0.start_container(&created.id, None).await?;
        Ok((began.elapsed(), created.id))
    }

    /// Removes a container.
    ///
    /// # Errors
    /// The request to the engine fails.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let force = RemoveContainerOptionsBuilder::new().force(true).build();
        Ok(self.0.remove_container(id, Some(force)).await?)
    }

    /// Echo times of `cat` on the PTY of an exec.
    ///
    /// # Errors
    /// A request to the engine fails, or the exec ends.
    pub async fn exec_echo(&self, id: &str, rounds: usize) -> Result<Samples> {
        let config = ExecConfig {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            tty: Some(true),
            cmd: Some(vec!["cat".to_owned()]),
            ..ExecConfig::default()
        };
        let exec = self.0.create_exec(id, config).await?;
        let tty = StartExecOptions { tty: true, ..StartExecOptions::default() };
        let StartExecResults::Attached { mut output, mut input } = self.0.start_exec(&exec.id, Some(tty)).await? else {
            anyhow::bail!("the exec is not attached");
        };
        let mut samples = Samples::default();
        for round in 0..rounds {
            let letter = [b'a' + u8::try_from(round % 26).unwrap_or(0)];
            let began = Instant::now();
            input.write_all(&letter).await?;
            input.flush().await?;
            let next = async { Ok(output.next().await.context("the exec ended")??) };
            with_timeout("echo of the exec", next).await?;
            samples.push(began.elapsed());
        }
        Ok(samples)
    }
}
