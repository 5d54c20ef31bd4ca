//! The account of the logged-in user.

use access::Caller;
use protocol::auth::Me;

use super::AccountError;
use crate::services::Services;

/// The account, its factor and its notices.
///
/// # Errors
/// When the database does not answer.
pub async fn me(services: &Services, who: &Caller) -> Result<Me, AccountError> {
    let mut tx = services.db.read().await?;
    let mfa_enabled = tx.has_factor(who.user).await?;
    let recovery_codes_left = tx.recovery_codes_left(who.user).await?;
    let mfa_required = tx.settings().await?.mfa_required;
    let notices = tx.notices(who.user).await?;
    tx.commit().await?;
    Ok(Me {
        id: who.user,
        username: who.username.clone(),
        role: who.role,
        mfa_enabled,
        recovery_codes_left,
        mfa_must_enrol: mfa_required && !mfa_enabled,
        notices: notices.into_iter().map(|(_, text)| text).collect(),
    })
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
