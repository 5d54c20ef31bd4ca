//! Login sessions of the user: list, revoke one, revoke all others.

use std::cmp::Reverse;

use access::Caller;
use protocol::{SessionId, auth::SessionView};
use store::LoginSession;

use super::{AccountError, end_older_tokens, revoke_sessions};
use crate::audit::AsActor as _;
use crate::{
    audit::{AuditEvent, Entry},
    auth::{NewToken, sessions},
    services::Services,
};

/// The complete login sessions of the user: the current one, then the others by last use.
///
/// # Errors
/// When the database does not answer.
pub async fn list_sessions(services: &Services, who: &Caller) -> Result<Vec<SessionView>, AccountError> {
    let now = services.clock.now();
    let mut tx = services.db.read().await?;
    let found = tx.sessions_of(who.user).await?;
    tx.commit().await?;
    let view = |session: LoginSession| SessionView {
        id: session.id,
        device: session.device,
        address: session.address,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        current: Some(session.id) == who.session(),
    };
    let mut views: Vec<_> = found.into_iter().filter(|s| !s.is_over(now)).map(view).collect();
    views.sort_by_key(|view| (!view.current, Reverse(view.last_seen_at)));
    Ok(views)
}

/// Ends one login session of the user.
///
/// # Errors
/// [`AccountError::NoSuchSession`], also for a session of another user.
pub async fn revoke_session(services: &Services, who: &Caller, session: SessionId) -> Result<(), AccountError> {
    let (services, who) = (services.clone(), who.clone());
    let change = async move |services: &Services| {
        let mut tx = services.db.begin().await?;
        if !tx.delete_session(session, who.user).await? {
            return Err(AccountError::NoSuchSession);
        }
        let entry =
            Entry::new(AuditEvent::SessionRevoked).about_user(who.user, &who.username).detail("session", session);
        services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
        tx.commit().await?;
        revoke_sessions(services, [session]).await;
        Ok(())
    };
    services.clone().operations.complete(async move { change(&services).await }).await
}

/// Ends all login sessions of the user except the current one, which gets a new token: a copy of its cookie ends too.
///
/// # Errors
/// [`AccountError::LoginEnded`], or when the database does not answer.
pub async fn revoke_others(services: &Services, who: &Caller) -> Result<NewToken, AccountError> {
    let (services, who) = (services.clone(), who.clone());
    let change = async move |services: &Services| {
        let (now, current) = (services.clock.now(), who.login_session()?);
        let mut tx = services.db.begin().await?;
        let token = sessions::renew(&mut tx, current, now).await?.ok_or(AccountError::LoginEnded)?;
        let ended = tx.delete_sessions(who.user, Some(current)).await?;
        tx.delete_trusted_devices(who.user, who.trusted_device).await?;
        let entry = Entry::new(AuditEvent::SessionRevoked).about_user(who.user, &who.username);
        let entry = entry.detail("sessions_ended", ended.len());
        services.audit.append(&mut tx, now, &who.actor(), entry).await?;
        tx.commit().await?;
        end_older_tokens(services, &token);
        revoke_sessions(services, ended).await;
        Ok(token)
    };
    services.clone().operations.complete(async move { change(&services).await }).await
}
