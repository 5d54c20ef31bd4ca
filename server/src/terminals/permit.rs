//! Permission to stop, restart, rename or resize a locked terminal: a grant of this login session, or a code (FINDINGS
//! L5). What is permitted is bound to one lock: a terminal that was locked again needs a new permission.

use access::{Authorized, Caller, Operate};
use protocol::{TerminalId, names::Sensitive};
use store::TerminalRow;

use super::{TerminalError, audit_entry::audit_entry, list};
use crate::{
    audit::{self, AsActor as _, AuditEvent, Entry},
    mfa::{FactorPurpose, TargetTerminal},
    services::Services,
};

/// The permission for a change of a terminal that may be locked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Permit {
    /// No permission: the terminal must not be locked.
    Unlocked,
    /// A grant or a code for the lock of this epoch.
    Lock(i64),
    /// The change gives no access: a start, or a stop by an administrator.
    NotNeeded,
}

impl Permit {
    /// The permission that this login session has, or gets with a code. The code is used up, also when the change is
    /// refused afterwards.
    ///
    /// # Errors
    /// [`TerminalError::CodeNeeded`] when the terminal is locked and there is neither a grant nor a code; the errors of
    /// a wrong code.
    pub(super) async fn obtain(
        services: &Services,
        caller: &Caller,
        id: TerminalId,
        change: &'static str,
        code: Option<&Sensitive>,
    ) -> Result<Self, TerminalError> {
        let proof = services.gate.authorize(caller, id, Operate).await?;
        if !proof.facts().locked {
            return Ok(Self::Unlocked);
        }
        let terminal = list::get(services, caller, id).await?;
        if terminal.granted_until.is_some() {
            return Ok(Self::Lock(proof.facts().epoch));
        }
        let mut tx = services.db.read().await?;
        let row = list::record(&mut tx, &proof).await?;
        tx.commit().await?;
        use_code(services, caller, &proof, &row, change, code).await
    }

    /// Whether the change is permitted, by the record that is changed and in its transaction.
    ///
    /// # Errors
    /// [`TerminalError::CodeNeeded`].
    pub(super) fn check(self, row: &TerminalRow) -> Result<(), TerminalError> {
        match self {
            Self::NotNeeded => Ok(()),
            _ if !row.mfa_locked => Ok(()),
            Self::Lock(epoch) if epoch == row.lock_epoch => Ok(()),
            Self::Lock(_) | Self::Unlocked => Err(TerminalError::CodeNeeded),
        }
    }
}

/// Uses the code. An attempt without one is recorded in the audit log.
async fn use_code(
    services: &Services,
    caller: &Caller,
    proof: &Authorized<Operate>,
    row: &TerminalRow,
    change: &'static str,
    code: Option<&Sensitive>,
) -> Result<Permit, TerminalError> {
    let (actor, now) = (caller.actor(), services.clock.now());
    let entry = || -> Entry { audit_entry(AuditEvent::TerminalMfaAccessVerified, row).detail("change", change) };
    let Some(code) = code else {
        audit::record(&services.audit, now, &actor, entry().failed().detail("reason", "code_needed")).await?;
        return Err(TerminalError::CodeNeeded);
    };
    let verification = services.verification(
        caller,
        &actor,
        FactorPurpose::Change(TargetTerminal { id: row.id, name: row.name.clone(), owner: row.owner_id }),
    );
    let factor = verification.verify_factor(entry(), code).await?;
    factor.commit(now, &actor, entry()).await?;
    Ok(Permit::Lock(proof.facts().epoch))
}
