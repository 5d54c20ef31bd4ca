//! Usage and hardening of a terminal, without its content and without command lines.

use access::{Caller, Denied, View};
use protocol::{TerminalId, security::SecurityReport, terminals::Stats};
use sandbox::EngineError;

use super::{TerminalError, launch_spec, list};
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

/// Each control of the profile: as requested, as seen outside and as seen inside. While the terminal is locked and not
/// granted to this login session, what the guest reported is left out: a program may have chosen it (FINDINGS L7).
///
/// # Errors
/// [`TerminalError`].
pub async fn security(services: &Services, caller: &Caller, id: TerminalId) -> Result<SecurityReport, TerminalError> {
    let proof = services.gate.authorize(caller, id, View).await?;
    let mut tx = services.db.read().await?;
    let row = list::record(&mut tx, &proof).await?;
    let spec = launch_spec::spec(&mut tx, &row).await?;
    tx.commit().await?;
    let mut report = match services.engine.security(&spec).await {
        Err(EngineError::NoContainer) => return Err(Denied::NotRunning(row.phase).into()),
        other => other?,
    };
    // Read after the report was made: a lock that was acknowledged meanwhile counts.
    let terminal = list::get(services, caller, id).await?;
    if terminal.mfa_locked && terminal.granted_until.is_none() {
        for control in &mut report.rows {
            control.inside = None;
        }
    }
    Ok(report)
}
