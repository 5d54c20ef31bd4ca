//! Usage and hardening of a terminal, without its content and without command lines.

use access::{Caller, Denied, View};
use protocol::{TerminalId, security::SecurityReport, terminals::Stats};
use sandbox::EngineError;

use super::{TerminalError, launch, list};
use crate::services::Services;

/// CPU, memory and processes against their limits.
///
/// # Errors
/// [`TerminalError`]; [`Denied::NotRunning`] when it does not run.
pub async fn stats(services: &Services, caller: &Caller, id: TerminalId) -> Result<Stats, TerminalError> {
    let visible = services.gate.authorize(caller, id, View).await?;
    match services.engine.stats(visible.facts().sandbox).await {
        Err(EngineError::NoContainer) => Err(Denied::NotRunning(visible.facts().phase).into()),
        other => Ok(other?),
    }
}

/// Each control of the profile: as requested, as seen outside and as seen inside.
///
/// # Errors
/// [`TerminalError`].
pub async fn security(services: &Services, caller: &Caller, id: TerminalId) -> Result<SecurityReport, TerminalError> {
    let proof = services.gate.authorize(caller, id, View).await?;
    let mut tx = services.db.read().await?;
    let row = list::record(&mut tx, &proof).await?;
    let spec = launch::spec(&mut tx, &row).await?;
    tx.commit().await?;
    match services.engine.security(&spec).await {
        Err(EngineError::NoContainer) => Err(Denied::NotRunning(row.phase).into()),
        other => Ok(other?),
    }
}
