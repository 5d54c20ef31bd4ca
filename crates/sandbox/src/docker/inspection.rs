//! Figures, security report and findings.

use std::time::Duration;

use access::Clock;
use async_trait::async_trait;
use protocol::{SandboxId, admin::Finding, security::SecurityReport, terminals::Stats};

use super::{
    Docker,
    connection::{QUERY_TIMEOUT, call, call_optional},
    description::Description,
    findings, is_running, usage,
};
use crate::{EngineError, Inspection, LaunchSpec, verify};

/// Deadline of the guest's report for the Security panel. Without a report the panel shows the engine's side alone.
const PANEL_REPORT_TIMEOUT: Duration = Duration::from_secs(3);

#[async_trait]
impl Inspection for Docker {
    async fn stats(&self, id: SandboxId) -> Result<Stats, EngineError> {
        let docker = self.0.connection.client().await?;
        let container = self.0.existing(docker, id).await?;
        if !is_running(&container) {
            return Err(EngineError::NoContainer);
        }
        let name = container.id.unwrap_or_default();
        let limits = usage::configured_limits(&container.host_config.unwrap_or_default());
        match usage::read(docker, &name, id, limits, &self.0.samples, Clock::System.now()).await {
            // The container exited during the call. The engine reports that in several ways.
            Err(EngineError::Failed(_)) if !self.0.find(docker, id).await?.is_some_and(|c| is_running(&c)) => {
                Err(EngineError::NoContainer)
            }
            result => result,
        }
    }

    async fn security(&self, spec: &LaunchSpec) -> Result<SecurityReport, EngineError> {
        let docker = self.0.connection.client().await?;
        let container = self.0.existing(docker, spec.id).await?;
        let image_id = container.image.clone().unwrap_or_default();
        let facts = self.0.facts(docker, &image_id).await?;
        let intended = self.0.intended(spec, image_id, facts);
        let socket = self.0.sockets().get(&spec.id).cloned();
        let guest_report = match socket {
            Some(socket) => socket.inspect(PANEL_REPORT_TIMEOUT).await.ok(),
            None => None,
        };
        let observed = Description::new(&container)?.observe(&intended);
        Ok(verify::report(&intended, &observed, guest_report.as_ref(), Clock::System.now()))
    }

    async fn image_size(&self, reference: &str) -> Result<Option<u64>, EngineError> {
        let docker = self.0.connection.client().await?;
        let image = call_optional(QUERY_TIMEOUT, docker.inspect_image(reference)).await?;
        Ok(image.and_then(|image| u64::try_from(image.size?).ok()))
    }

    async fn ping(&self) -> Result<(), EngineError> {
        call(QUERY_TIMEOUT, self.0.connection.client().await?.ping()).await.map(drop)
    }

    async fn probe(&self) -> Vec<Finding> {
        findings::findings(&self.0.connection, &self.0.profile).await
    }
}
