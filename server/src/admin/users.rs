//! Accounts, and the one-time links for invitations and password resets.

use access::{Caller, Clock};
use protocol::{
    InviteId, Page, UserId,
    admin::{InviteView, OneTimeLink, UserPatch, UserView},
    auth::Role,
    limits,
    names::Username,
};
use store::{
    LinkKind, Notice, OneTimeLinkRow, Tx, User, UserListing,
    pagination::{self, UsernameCursor},
};
use uuid::Uuid;

use super::{AdminError, AdminResult, Entity, InvalidValue};
use crate::audit::AsActor as _;
use crate::{
    accounts::revoke_sessions,
    audit::{Actor, AuditEvent, AuditLog, Entry},
    auth::RandomToken,
    services::Services,
};

/// Validity of an invitation.
const INVITE_SECS: i64 = 72 * 3600;
/// Validity of a reset link.
const RESET_SECS: i64 = 24 * 3600;

/// Accounts by name.
///
/// # Errors
/// When the database does not answer.
pub async fn list(services: &Services, after: &UsernameCursor, limit: u32) -> AdminResult<Page<UserView>> {
    let mut tx = services.db.read().await?;
    let rows = tx.users_page(after, limit + 1).await?;
    tx.commit().await?;
    Ok(pagination::page(rows, limit, |row| UsernameCursor::new(&row.username).to_string(), view))
}

/// Changes role, state or quota. A changed role or a disabled account ends all its login sessions.
///
/// # Errors
/// [`AdminError::LastAdmin`] when no enabled administrator would be left.
pub async fn patch(services: &Services, who: &Caller, id: UserId, patch: &UserPatch) -> AdminResult<UserView> {
    let (mine, who, patch) = (services.clone(), who.clone(), patch.clone());
    services.operations.complete(async move { patch_and_revoke(&mine, &who, id, &patch).await }).await
}

async fn patch_and_revoke(services: &Services, who: &Caller, id: UserId, patch: &UserPatch) -> AdminResult<UserView> {
    if patch.terminals_max.flatten().is_some_and(|n| !limits::TERMINAL_QUOTA.contains(&n)) {
        return Err(InvalidValue::AccountQuota { max: *limits::TERMINAL_QUOTA.end() }.into());
    }
    let mut tx = services.db.begin().await?;
    // Serializes administrators who demote each other concurrently.
    let admins = tx.count_admins().await?;
    let user = lock_user(&mut tx, id).await?;
    let (role, disabled) = (patch.role.unwrap_or(user.role), patch.disabled.unwrap_or(user.disabled));
    let was_admin = user.role == Role::Admin && !user.disabled;
    if was_admin && (role != Role::Admin || disabled) && admins <= 1 {
        return Err(AdminError::LastAdmin);
    }
    let quota = patch.terminals_max.map_or(user.terminals_max, |given| given.map(i64::from));
    tx.set_user(id, role, disabled, quota).await?;
    let weaker = role != user.role || (disabled && !user.disabled);
    let ended = if weaker { tx.delete_sessions(id, None).await? } else { Vec::new() };
    if weaker {
        tx.delete_trusted_devices(id, None).await?;
    }
    let event = match (user.disabled, disabled) {
        (false, true) => AuditEvent::UserDisabled,
        (true, false) => AuditEvent::UserEnabled,
        _ => AuditEvent::UserChanged,
    };
    let mut entry = Entry::new(event).about_user(id, &user.username).detail("role", role.as_str());
    match quota {
        Some(n) => entry = entry.detail("terminals_max", n),
        None if user.terminals_max.is_some() => entry = entry.detail("terminals_max", "default"),
        None => {}
    }
    services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    let changed = tx.user_listing(id).await?.ok_or(AdminError::NotFound(Entity::Account))?;
    tx.commit().await?;
    revoke_sessions(services, ended).await;
    Ok(view(changed))
}

/// Removes the second factor and ends all login sessions and grants of the account. Its locked terminals stay locked
/// until the user enrols again and enters a code of the new factor.
///
/// # Errors
/// When there is no such account.
/// [`AdminError::OwnFactor`]; [`AdminError::WouldOpenLocked`] when the password was set by a reset link and terminals
/// are locked, because the holder of that link could then unlock them.
pub async fn reset_mfa(services: &Services, who: &Caller, id: UserId) -> AdminResult<UserView> {
    if who.user == id {
        return Err(AdminError::OwnFactor);
    }
    let (mine, who) = (services.clone(), who.clone());
    services.operations.complete(async move { reset_and_revoke(&mine, &who, id).await }).await
}

async fn reset_and_revoke(services: &Services, who: &Caller, id: UserId) -> AdminResult<UserView> {
    let now = services.clock.now();
    let mut tx = services.db.begin().await?;
    let user = lock_user(&mut tx, id).await?;
    // Serializes this with locking a terminal, which locks the same row.
    tx.lock_factor_row(id).await?;
    if user.password_by_link && tx.locked_terminals_of(id).await? > 0 {
        return Err(AdminError::WouldOpenLocked);
    }
    let had_one = tx.delete_factor(id).await?;
    tx.delete_grants_of(id).await?;
    let ended = tx.delete_sessions(id, None).await?;
    tx.delete_trusted_devices(id, None).await?;
    let notice = Notice::MfaReset { administrator: who.username.to_string() };
    tx.insert_notice(id, &notice, now).await?;
    let entry = Entry::new(AuditEvent::MfaReset).about_user(id, &user.username).detail("had_factor", had_one);
    services.audit.append(&mut tx, now, &who.actor(), entry).await?;
    let changed = tx.user_listing(id).await?.ok_or(AdminError::NotFound(Entity::Account))?;
    tx.commit().await?;
    revoke_sessions(services, ended).await;
    Ok(view(changed))
}

/// Creates an invitation: a one-time link to create an account.
///
/// # Errors
/// When the database does not answer.
pub async fn invite(services: &Services, who: &Caller, role: Role) -> AdminResult<OneTimeLink> {
    let mut tx = services.db.begin().await?;
    let creator = LinkCreator {
        by: &who.username,
        actor: who.actor(),
        audit: &services.audit,
        public: services.origins.public(),
    };
    let link = create_link(&mut tx, &services.clock, &creator, role, None).await?;
    tx.commit().await?;
    Ok(link)
}

/// Creates a one-time link to set a new password. Older links of the account become invalid.
///
/// # Errors
/// When there is no such account.
pub async fn reset_link(services: &Services, who: &Caller, id: UserId) -> AdminResult<OneTimeLink> {
    let mut tx = services.db.begin().await?;
    let user = lock_user(&mut tx, id).await?;
    if !tx.has_factor(id).await? && tx.locked_terminals_of(id).await? > 0 {
        return Err(AdminError::WouldOpenLocked);
    }
    let creator = LinkCreator {
        by: &who.username,
        actor: who.actor(),
        audit: &services.audit,
        public: services.origins.public(),
    };
    let link = create_link(&mut tx, &services.clock, &creator, user.role, Some(&user)).await?;
    tx.commit().await?;
    Ok(link)
}

/// The same for the command line, when no administrator can log in.
///
/// # Errors
/// When there is no such account.
pub async fn reset_link_from_shell(audit: &AuditLog, public: &str, username: &str) -> AdminResult<OneTimeLink> {
    let name = Username::parse(username).map_err(|_| AdminError::NotFound(Entity::Account))?;
    let mut tx = audit.db().begin().await?;
    let user = tx.user_by_name(&name).await?.ok_or(AdminError::NotFound(Entity::Account))?;
    let creator = LinkCreator { by: &user.username, actor: Actor::system(), audit, public };
    let link = create_link(&mut tx, &Clock::System, &creator, user.role, Some(&user)).await?;
    tx.commit().await?;
    Ok(link)
}

/// Valid invitations and reset links.
///
/// # Errors
/// When the database does not answer.
pub async fn open_links(services: &Services) -> AdminResult<Vec<InviteView>> {
    let mut tx = services.db.read().await?;
    let rows = tx.valid_links(services.clock.now()).await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(invite_view).collect())
}

/// Revokes a link.
///
/// # Errors
/// [`AdminError::NotFound`], also for a used link.
pub async fn revoke_link(services: &Services, who: &Caller, id: InviteId) -> AdminResult<()> {
    let mut tx = services.db.begin().await?;
    if !tx.delete_link(id).await? {
        return Err(AdminError::NotFound(Entity::Link));
    }
    let entry = Entry::new(AuditEvent::InviteRevoked).about(&id, &"link");
    services.audit.append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    tx.commit().await?;
    Ok(())
}

struct LinkCreator<'a> {
    by: &'a Username,
    actor: Actor,
    audit: &'a AuditLog,
    public: &'a str,
}

async fn create_link(
    tx: &mut Tx,
    clock: &Clock,
    creator: &LinkCreator<'_>,
    role: Role,
    resets: Option<&User>,
) -> AdminResult<OneTimeLink> {
    let (now, id, token) = (clock.now(), InviteId::new(Uuid::new_v4()), RandomToken::random());
    let (kind, event, secs) = match resets {
        Some(_) => (LinkKind::Reset, AuditEvent::ResetLinkCreated, RESET_SECS),
        None => (LinkKind::Invite, AuditEvent::InviteCreated, INVITE_SECS),
    };
    let expires_at = now.plus_secs(secs);
    tx.insert_link(id, kind, &token.hash(), resets.map(|u| u.id), role, creator.by.as_str(), (now, expires_at)).await?;
    let entry = match resets {
        Some(user) => Entry::new(event).about_user(user.id, &user.username).detail("link", id),
        None => Entry::new(event).about(&id, &"invitation").detail("role", role.as_str()),
    };
    creator.audit.append(tx, now, &creator.actor, entry).await?;
    Ok(OneTimeLink { id, url: format!("{}/invite#token={}", creator.public, token.reveal()), expires_at })
}

async fn lock_user(tx: &mut Tx, id: UserId) -> AdminResult<User> {
    tx.lock_user_row(id).await?;
    tx.user(id).await?.ok_or(AdminError::NotFound(Entity::Account))
}

fn count(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

fn view(row: UserListing) -> UserView {
    UserView {
        id: row.id,
        username: row.username,
        role: row.role,
        disabled: row.disabled,
        mfa_enabled: row.mfa_enabled,
        terminals_max: row.terminals_max.map(count),
        terminals: count(row.terminals),
        created_at: row.created_at,
        last_login_at: row.last_login_at.map(protocol::Timestamp::from_millis),
    }
}

fn invite_view(row: OneTimeLinkRow) -> InviteView {
    InviteView {
        id: row.id,
        role: row.role,
        username: row.username.and_then(|name| Username::parse(&name).ok()),
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }
}
