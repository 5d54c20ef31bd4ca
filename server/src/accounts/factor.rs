//! The second factor of the user: enrol, confirm, replace, disable, new recovery codes.

use access::Caller;
use protocol::{
    mfa::{EnrolAnswer, EnrolRequest, RecoveryCodes},
    names::Sensitive,
};
use store::Notice;

use super::{
    AccountError, PasswordField, end_older_tokens,
    password::{Change, check_current},
    revoke_sessions,
};
use crate::audit::AsActor as _;
use crate::{
    audit::{AuditEvent, Entry},
    auth::{NewToken, sessions},
    mfa::{FactorPurpose, SecondFactor, enrol::NewFactor, recovery::NewRecoveryCodes},
    services::Services,
};

/// Generates a pending secret. Requires the password, and a code of the current factor if there is one; that factor
/// stays valid until the new one is confirmed.
///
/// # Errors
/// [`AccountError`].
pub async fn enrol_factor(
    services: &Services,
    who: &Caller,
    request: &EnrolRequest,
) -> Result<EnrolAnswer, AccountError> {
    check_current(services, who, &request.password, (AuditEvent::MfaEnrolStarted, PasswordField::Password)).await?;
    let factor = NewFactor::generate(&services.keys, who.user)?;
    let mut change = Change::begin(services, who, FactorPurpose::EnrolAgain, request.code.as_ref()).await?;
    let now = services.clock.now();
    factor.store(change.tx(), who.user, now).await?;
    let entry = Entry::new(AuditEvent::MfaEnrolStarted).about_user(who.user, &who.username);
    let again = matches!(change, Change::Proven(_));
    change.commit(services, who, entry.detail("replaces", again)).await?;
    Ok(factor.enrol_answer(&who.username, now))
}

/// Confirms the pending secret by its first code. It becomes the factor, with ten new recovery codes. All other login
/// sessions end.
///
/// # Errors
/// [`AccountError`].
pub async fn confirm_factor(
    services: &Services,
    who: &Caller,
    code: Sensitive,
) -> Result<(RecoveryCodes, NewToken), AccountError> {
    let (services, who) = (services.clone(), who.clone());
    services.clone().operations.complete(async move { confirm(&services, &who, &code).await }).await
}

async fn confirm(
    services: &Services,
    who: &Caller,
    code: &Sensitive,
) -> Result<(RecoveryCodes, NewToken), AccountError> {
    let actor = who.actor();
    let verification = services.verification(who, &actor, FactorPurpose::Confirm);
    verification.precheck().await?;
    let codes = NewRecoveryCodes::generate().await?;
    let mut factor = verification.confirm(code).await?;
    let recovery_codes = codes.store(factor.tx(), who.user).await?;
    let token = step_up(services, who, factor, AuditEvent::MfaEnrolled, &Notice::MfaEnabled).await?;
    Ok((RecoveryCodes { recovery_codes }, token))
}

/// Removes the factor. Rejected while terminals are locked, because they could not be unlocked afterwards.
///
/// # Errors
/// [`AccountError::TerminalsLocked`], [`AccountError::MfaIsRequired`], [`AccountError::Code`].
pub async fn disable_factor(services: &Services, who: &Caller, code: Sensitive) -> Result<NewToken, AccountError> {
    let (services, who) = (services.clone(), who.clone());
    services.clone().operations.complete(async move { disable(&services, &who, &code).await }).await
}

async fn disable(services: &Services, who: &Caller, code: &Sensitive) -> Result<NewToken, AccountError> {
    let mut tx = services.db.read().await?;
    let (required, locked) = (tx.settings().await?.mfa_required, tx.locked_terminals_of(who.user).await?);
    tx.commit().await?;
    if locked > 0 {
        return Err(AccountError::TerminalsLocked);
    }
    if required {
        return Err(AccountError::MfaIsRequired);
    }
    let actor = who.actor();
    let mut factor = services.verification(who, &actor, FactorPurpose::Disable).verify_code(code).await?;
    // Checked again: locking a terminal locks the factor's row, which this transaction holds now.
    if factor.tx().locked_terminals_of(who.user).await? > 0 {
        return Err(AccountError::TerminalsLocked);
    }
    factor.tx().delete_factor(who.user).await?;
    step_up(services, who, factor, AuditEvent::MfaDisabled, &Notice::MfaDisabled).await
}

/// Replaces the recovery codes with ten new ones. All other login sessions end.
///
/// # Errors
/// [`AccountError::Code`].
pub async fn regenerate_codes(
    services: &Services,
    who: &Caller,
    code: Sensitive,
) -> Result<(RecoveryCodes, NewToken), AccountError> {
    let (services, who) = (services.clone(), who.clone());
    services.clone().operations.complete(async move { regenerate(&services, &who, &code).await }).await
}

async fn regenerate(
    services: &Services,
    who: &Caller,
    code: &Sensitive,
) -> Result<(RecoveryCodes, NewToken), AccountError> {
    let actor = who.actor();
    let verification = services.verification(who, &actor, FactorPurpose::Regenerate);
    verification.precheck().await?;
    let codes = NewRecoveryCodes::generate().await?;
    let mut factor = verification.verify_code(code).await?;
    let recovery_codes = codes.store(factor.tx(), who.user).await?;
    let token =
        step_up(services, who, factor, AuditEvent::MfaRecoveryRegenerated, &Notice::RecoveryCodesReplaced).await?;
    Ok((RecoveryCodes { recovery_codes }, token))
}

/// Completes a change of the factor: the current session gets a new token, all others end, and the user gets a notice.
async fn step_up(
    services: &Services,
    who: &Caller,
    mut factor: SecondFactor,
    event: AuditEvent,
    notice: &Notice,
) -> Result<NewToken, AccountError> {
    let now = services.clock.now();
    let tx = factor.tx();
    let token = sessions::renew(tx, who.login_session()?, now).await?.ok_or(AccountError::LoginEnded)?;
    let ended = tx.delete_sessions(who.user, Some(who.login_session()?)).await?;
    tx.delete_trusted_devices(who.user, who.trusted_device).await?;
    tx.insert_notice(who.user, notice, now).await?;
    let entry = Entry::new(event).about_user(who.user, &who.username).detail("sessions_ended", ended.len());
    factor.commit(now, &who.actor(), entry).await?;
    end_older_tokens(services, &token);
    revoke_sessions(services, ended).await;
    Ok(token)
}
