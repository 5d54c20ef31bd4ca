//! The account of the logged-in user.

use access::Caller;
use protocol::auth::Me;
use store::Notice;

use super::AccountError;
use crate::services::Services;

/// The account and its factor, and its notices, whose sentences are to be added.
///
/// # Errors
/// When the database does not answer.
pub async fn me(services: &Services, who: &Caller) -> Result<(Me, Vec<Notice>), AccountError> {
    let mut tx = services.db.read().await?;
    let mfa_enabled = tx.has_factor(who.user).await?;
    let recovery_codes_left = tx.recovery_codes_left(who.user).await?;
    let mfa_required = tx.settings().await?.mfa_required;
    let notices = tx.notices(who.user).await?;
    tx.commit().await?;
    let me = Me {
        id: who.user,
        username: who.username.clone(),
        role: who.role,
        mfa_enabled,
        recovery_codes_left,
        mfa_must_enrol: mfa_required && !mfa_enabled,
        notices: Vec::new(),
    };
    Ok((me, notices))
}

/// Deletes the notices of the user.
///
/// # Errors
/// When the database does not answer.
pub async fn dismiss_notices(services: &Services, who: &Caller) -> Result<(), AccountError> {
    let mut tx = services.db.begin().await?;
    tx.delete_notices(who.user).await?;
    tx.commit().await?;
    Ok(())
}
