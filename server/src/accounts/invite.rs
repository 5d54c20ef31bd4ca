//! Use of one-time links: invitations and password resets.

use protocol::{
    UserId,
    auth::{InviteAccept, InviteStatus},
    names::{Sensitive, Username},
};
use store::{LinkKind, Notice, OneTimeLinkRow, SessionKind};
use uuid::Uuid;

use super::{AccountError, LoggedIn, PasswordField, link_attempt, revoke_sessions, setup};
use crate::{
    audit::{self, AuditEvent, Entry},
    auth::{Visitor, password, sessions, token, trusted_device},
    services::Services,
};

/// The purpose of a link.
///
/// # Errors
/// [`AccountError::StaleLink`], [`AccountError::Throttled`].
pub async fn invite_status(
    services: &Services,
    visitor: &Visitor,
    token: &Sensitive,
) -> Result<InviteStatus, AccountError> {
    let attempt = link_attempt::begin(services, visitor, AuditEvent::InviteAccepted).await?;
    let link = valid_link(services, token).await?;
    attempt.succeeded();
    let username = link.username.map(|name| Username::parse(&name)).transpose();
    let username = username.map_err(|_| AccountError::StaleLink)?;
    Ok(InviteStatus { username, role: link.role, expires_at: link.expires_at })
}

async fn valid_link(services: &Services, token: &Sensitive) -> Result<OneTimeLinkRow, AccountError> {
    let mut tx = services.db.read().await?;
    let link = tx.link_by_token(&token::hash(token.reveal()), services.clock.now()).await?;
    tx.commit().await?;
    link.ok_or(AccountError::StaleLink)
}

/// Uses a link. A new account is logged in. After a reset the user logs in with the password and, if there is a factor,
/// a code: a link never replaces a factor.
///
/// # Errors
/// [`AccountError`].
pub async fn accept(
    services: &Services,
    visitor: &Visitor,
    request: InviteAccept,
) -> Result<Option<LoggedIn>, AccountError> {
    let attempt = link_attempt::begin(services, visitor, AuditEvent::InviteAccepted).await?;
    let link = match valid_link(services, &request.token).await {
        Err(AccountError::StaleLink) => {
            let entry = Entry::new(AuditEvent::InviteAccepted).failed().detail("reason", "stale_link");
            audit::record(&services.audit, services.clock.now(), &visitor.actor(), entry).await?;
            return Err(AccountError::StaleLink);
        }
        other => other?,
    };
    let (services, visitor) = (services.clone(), visitor.clone());
    let change = async move |services: &Services| match (link.user_id, &request.username) {
        (None, Some(username)) => join(services, &visitor, &link, username, &request).await.map(Some),
        (None, None) => Err(AccountError::UsernameMissing),
        (Some(_), Some(_)) => Err(AccountError::UsernameNotAllowed),
        (Some(id), None) => reset(services, &visitor, UserId::new(id), &request).await.map(|()| None),
    };
    let done = services.clone().operations.complete(async move { change(&services).await }).await?;
    attempt.succeeded();
    Ok(done)
}

async fn join(
    services: &Services,
    visitor: &Visitor,
    link: &OneTimeLinkRow,
    username: &Username,
    request: &InviteAccept,
) -> Result<LoggedIn, AccountError> {
    let now = services.clock.now();
    password::check_new(request.password.reveal(), username)
        .map_err(|error| AccountError::InvalidPassword(PasswordField::Password, error))?;
    let hash = password::hash(request.password.reveal()).await?;
    let mut tx = services.db.begin().await?;
    if !tx.use_link(LinkKind::Invite, &token::hash(request.token.reveal()), now).await? {
        return Err(AccountError::StaleLink);
    }
    let user = UserId::new(Uuid::new_v4());
    setup::insert(&mut tx, user, username, &hash, link.role, now).await?;
    let settings = tx.settings().await?;
    let (_, token) = sessions::create(&mut tx, user, SessionKind::Full, visitor, &settings, now).await?;
    tx.record_login(user, now).await?;
    let trusted_device = trusted_device::trust(&mut tx, &services.keys, visitor, (user, username), now).await?;
    let entry = Entry::new(AuditEvent::InviteAccepted).about_user(user, username);
    let entry = entry.detail("role", link.role.as_str()).detail("invited_by", &link.created_by);
    services.audit.append(&mut tx, now, &visitor.actor().known_as(user, username), entry).await?;
    tx.commit().await?;
    Ok(LoggedIn::complete(services, (user, visitor), token, trusted_device))
}

async fn reset(
    services: &Services,
    visitor: &Visitor,
    user: UserId,
    request: &InviteAccept,
) -> Result<(), AccountError> {
    let now = services.clock.now();
    let mut tx = services.db.read().await?;
    let username = tx.user(user).await?.ok_or(AccountError::StaleLink)?.username;
    tx.commit().await?;
    password::check_new(request.password.reveal(), &username)
        .map_err(|error| AccountError::InvalidPassword(PasswordField::Password, error))?;
    let hash = password::hash(request.password.reveal()).await?;
    let mut tx = services.db.begin().await?;
    tx.lock_user_row(user).await?;
    // Without a factor the password alone would give access to locked terminals, also to the creator of the link.
    if !tx.has_factor(user).await? && tx.locked_terminals_of(user).await? > 0 {
        return Err(AccountError::TerminalsLocked);
    }
    if !tx.use_link(LinkKind::Reset, &token::hash(request.token.reveal()), now).await? {
        return Err(AccountError::StaleLink);
    }
    tx.set_password(user, &hash, true).await?;
    let ended = tx.delete_sessions(user, None).await?;
    tx.delete_trusted_devices(user, None).await?;
    tx.insert_notice(user, &Notice::PasswordReset, now).await?;
    let entry = Entry::new(AuditEvent::PasswordReset).about_user(user, &username).detail("sessions_ended", ended.len());
    services.audit.append(&mut tx, now, &visitor.actor().known_as(user, &username), entry).await?;
    tx.commit().await?;
    revoke_sessions(services, ended).await;
    Ok(())
}
