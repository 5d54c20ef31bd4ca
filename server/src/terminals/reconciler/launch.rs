//! The launch of a sandbox: creation or start, and the record of its outcome.

use std::sync::Arc;

use protocol::{events::Stage, terminals::Phase};
use sandbox::{EngineError, LaunchSpec, Progress};
use store::{Reason, SandboxState, TerminalRow};

use super::retry::retry_write;
use crate::{
    audit::{Actor, AuditEvent},
    engine_sentences::engine_sentence,
    events::TerminalEvent,
    operations::Operation,
    services::Services,
    terminals::{TerminalError, audit_entry::audit_entry, launch_spec, reason},
};

/// What happens to the record of a terminal whose first launch fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailedCreation {
    /// It stays, with the reason.
    Record,
    /// It is removed while the caller that created it waits and receives the error.
    Withdraw,
}

/// A launch within an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Launch<'a> {
    pub services: &'a Services,
    pub operation: &'a Operation,
    pub failed_creation: FailedCreation,
}

impl Launch<'_> {
    /// Waits for a launch permit, then launches.
    pub(super) async fn begin(self, row: TerminalRow) -> Result<(), TerminalError> {
        let permit = tokio::select! {
            permit = self.services.operations.launch_permit() => permit,
            () = self.operation.cancel.cancelled() => return Ok(()),
        };
        let mut tx = self.services.db.begin().await?;
        let moved = tx.record_phase(&row, Phase::Starting, None, row.observed_generation).await?;
        tx.commit().await?;
        if moved {
            self.publish_change(&row);
            self.run(&TerminalRow { phase: Phase::Starting, ..row }).await?;
        }
        drop(permit);
        Ok(())
    }

    /// Creates or starts the sandbox of a record that is starting, and records the outcome.
    pub(super) async fn run(self, row: &TerminalRow) -> Result<(), TerminalError> {
        let spec = match self.spec(row).await {
            Ok(spec) => spec,
            // Its image or tier was removed from the catalogue after the request.
            Err(TerminalError::Choice(choice)) => {
                let reason = Reason::NotOffered { field: choice.field().to_owned() };
                self.record_failure(row, &reason, "not offered any more").await?;
                return Err(TerminalError::Choice(choice));
            }
            Err(error) => return Err(error),
        };
        match self.launch_sandbox(row, &spec).await {
            Ok(()) => self.record_started(row).await,
            // A deletion was requested.
            Err(EngineError::Cancelled) => Ok(()),
            Err(error) => {
                if !self.should_withdraw(row).await || !self.withdraw(row, &error).await? {
                    self.record_failure(row, &reason::from_engine_error(&error), &error.to_string()).await?;
                }
                Err(error.into())
            }
        }
    }

    async fn spec(self, row: &TerminalRow) -> Result<LaunchSpec, TerminalError> {
        let mut tx = self.services.db.read().await?;
        let spec = launch_spec::spec(&mut tx, row).await?;
        tx.commit().await?;
        Ok(spec)
    }

    async fn launch_sandbox(self, row: &TerminalRow, spec: &LaunchSpec) -> Result<(), EngineError> {
        let cancel = &self.operation.cancel;
        if row.sandbox.state == SandboxState::Assigned {
            return self.services.engine.start(spec, cancel).await;
        }
        let (events, owner, id) = (self.services.events.clone(), row.owner_id, row.id);
        let progress: Progress =
            Arc::new(move |stage: Stage| events.publish(owner, TerminalEvent::Progress(id, stage)));
        self.services.engine.create(spec, progress, cancel).await
    }

    async fn record_started(self, row: &TerminalRow) -> Result<(), TerminalError> {
        retry_write(|| async {
            let mut tx = self.services.db.begin().await?;
            tx.record_started(row, self.services.clock.now()).await?;
            tx.commit().await
        })
        .await?;
        self.publish_change(row);
        Ok(())
    }

    /// Whether the record of a failed first launch is removed: the caller that created it waits for the outcome, and
    /// the engine has nothing of it.
    async fn should_withdraw(self, row: &TerminalRow) -> bool {
        self.failed_creation == FailedCreation::Withdraw
            && row.sandbox.state == SandboxState::Creating
            && !matches!(self.services.engine.observe(row.sandbox.id).await, Ok(Some(_)))
            && self.operation.claim_outcome()
    }

    /// Removes the record. Its audit event remains. False when a deletion was requested meanwhile.
    async fn withdraw(self, row: &TerminalRow, error: &EngineError) -> Result<bool, TerminalError> {
        rates::limited!(suppressed => tracing::warn!(suppressed, terminal = %row.id, %error, "a terminal could not be created"));
        let withdrawn = retry_write(|| async {
            let (mut tx, now) = (self.services.db.begin().await?, self.services.clock.now());
            let withdrawn = tx.withdraw_terminal(row, now, "the launch failed and left nothing").await?;
            if withdrawn {
                let entry = audit_entry(AuditEvent::TerminalCreateFailed, row).failed().detail("error", error);
                self.services.audit.append(&mut tx, now, &Actor::system(), entry).await?;
            }
            tx.commit().await?;
            Ok(withdrawn)
        })
        .await?;
        if withdrawn {
            let sentence = engine_sentence(error).detail;
            self.services.events.publish(row.owner_id, TerminalEvent::Deleted(row.id, Some(sentence)));
        }
        Ok(withdrawn)
    }

    /// Records why a terminal could not be started, unless a deletion was requested meanwhile.
    async fn record_failure(self, row: &TerminalRow, reason: &Reason, error: &str) -> Result<(), TerminalError> {
        rates::limited!(suppressed => tracing::warn!(suppressed, terminal = %row.id, error, "a terminal could not be started"));
        let event = match row.sandbox.state {
            SandboxState::Creating => AuditEvent::TerminalCreateFailed,
            SandboxState::Assigned => AuditEvent::TerminalFailed,
        };
        retry_write(|| async {
            let mut tx = self.services.db.begin().await?;
            if tx.record_phase(row, Phase::Failed, Some(reason), row.generation).await? {
                let entry = audit_entry(event, row).failed().detail("error", error);
                self.services.audit.append(&mut tx, self.services.clock.now(), &Actor::system(), entry).await?;
            }
            tx.commit().await
        })
        .await?;
        self.publish_change(row);
        Ok(())
    }

    fn publish_change(self, row: &TerminalRow) {
        self.services.events.publish(row.owner_id, TerminalEvent::Changed(row.id));
    }
}
