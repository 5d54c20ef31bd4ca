//! Accounts and the one-time links that make or mend them.

use access::{Caller, Clock};
use protocol::{
    InviteId, Page, UserId,
    admin::{InviteView, OneTimeLink, UserPatch, UserView},
    auth::Role,
    limits,
    names::Username,
};
use store::{
    Db, LinkKind, OneTimeLinkRow, Tx, User, UserListing,
    pagination::{self, UsernameCursor},
};
use uuid::Uuid;

use super::{AdminError, Done};
use crate::audit::AsActor as _;
use crate::{
    accounts::cut_sessions,
    audit::{self, Actor, AuditEvent, Entry},
    auth::NewToken,
    services::Services,
};

/// An invitation is good for this long.
const INVITE_SECS: i64 = 72 * 3600;
/// A password reset link is good for this long.
const RESET_SECS: i64 = 24 * 3600;

/// Accounts by name.
///
/// # Errors
/// When the database does not answer.
pub async fn list(services: &Services, behind: &UsernameCursor, limit: u32) -> Done<Page<UserView>> {
    let mut tx = services.db.read().await?;
    let rows = tx.users_page(behind, limit + 1).await?;
    tx.commit().await?;
    Ok(pagination::page(rows, limit, |row| UsernameCursor::new(&row.username).to_string(), view))
}

/// Changes role, disabling or quota. A new role or a disabling ends every login of the account.
///
/// # Errors
/// [`AdminError::LastAdmin`] when nobody would be left to administer.
pub async fn patch(services: &Services, who: &Caller, id: UserId, patch: &UserPatch) -> Done<UserView> {
    let (mine, who, patch) = (services.clone(), who.clone(), patch.clone());
    services.run_to_completion(async move { patch_and_cut(&mine, &who, id, &patch).await }).await
}

async fn patch_and_cut(services: &Services, who: &Caller, id: UserId, patch: &UserPatch) -> Done<UserView> {
    if patch.terminals_max.flatten().is_some_and(|n| !limits::TERMINALS.contains(&n)) {
        return Err(AdminError::invalid(
            "terminals_max",
            format!("An account may have 0 to {} terminals.", limits::TERMINALS.end()),
        ));
    }
    let mut tx = services.db.begin().await?;
    // Two administrators who demote each other at once come one after the other here.
    let admins = tx.count_admins().await?;
    let user = held(&mut tx, id).await?;
    let (role, disabled) = (patch.role.unwrap_or(user.role), patch.disabled.unwrap_or(user.disabled));
    let was_admin = user.role == Role::Admin && !user.disabled;
    if was_admin && (role != Role::Admin || disabled) && admins <= 1 {
        return Err(AdminError::LastAdmin);
    }
    let quota = patch.terminals_max.map_or(user.terminals_max, |given| given.map(i64::from));
    tx.set_user(id, role, disabled, quota).await?;
    let weaker = role != user.role || (disabled && !user.disabled);
    let ended = if weaker { tx.delete_sessions(id, None).await? } else { Vec::new() };
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
    audit::append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    let changed = tx.user_listing(id).await?.ok_or(AdminError::NotFound("account"))?;
    tx.commit().await?;
    cut_sessions(services, ended).await;
    Ok(view(changed))
}

/// Removes the second factor. Ends every login and grant of the account; its locked terminals stay locked until it
/// enrols again and gives a code of the new factor.
///
/// # Errors
/// When there is no such account.
/// [`AdminError::OwnFactor`]; [`AdminError::WouldOpenLocked`] when the password was set by a reset link and terminals
/// are locked: whoever held that link could then open them.
pub async fn reset_mfa(services: &Services, who: &Caller, id: UserId) -> Done<UserView> {
    if who.user == id {
        return Err(AdminError::OwnFactor);
    }
    let (mine, who) = (services.clone(), who.clone());
    services.run_to_completion(async move { reset_and_cut(&mine, &who, id).await }).await
}

async fn reset_and_cut(services: &Services, who: &Caller, id: UserId) -> Done<UserView> {
    let now = services.clock.now();
    let mut tx = services.db.begin().await?;
    let user = held(&mut tx, id).await?;
    // Held too: locking waits for this, or this sees the lock.
    tx.lock_factor_row(id).await?;
    if user.password_by_link && tx.locked_terminals_of(id).await? > 0 {
        return Err(AdminError::WouldOpenLocked);
    }
    let had_one = tx.delete_factor(id).await?;
    tx.delete_grants_of(id).await?;
    let ended = tx.delete_sessions(id, None).await?;
    let told = format!(
        "An administrator ({}) reset your MFA. Locked terminals stay locked: enable MFA again, then unlock them.",
        who.username
    );
    tx.insert_notice(id, &told, now).await?;
    let entry = Entry::new(AuditEvent::MfaReset).about_user(id, &user.username).detail("had_factor", had_one);
    audit::append(&mut tx, now, &who.actor(), entry).await?;
    let changed = tx.user_listing(id).await?.ok_or(AdminError::NotFound("account"))?;
    tx.commit().await?;
    cut_sessions(services, ended).await;
    Ok(view(changed))
}

/// Makes a one-time link by which a new person chooses name and password.
///
/// # Errors
/// When the database does not answer.
pub async fn invite(services: &Services, who: &Caller, role: Role) -> Done<OneTimeLink> {
    let mut tx = services.db.begin().await?;
    let maker = Maker { by: &who.username, actor: who.actor(), public: services.origins.public() };
    let link = make_link(&mut tx, &services.clock, &maker, role, None).await?;
    tx.commit().await?;
    Ok(link)
}

/// Makes a one-time link by which a person chooses a new password. Older links of the account are dead.
///
/// # Errors
/// When there is no such account.
pub async fn reset_link(services: &Services, who: &Caller, id: UserId) -> Done<OneTimeLink> {
    let mut tx = services.db.begin().await?;
    let user = held(&mut tx, id).await?;
    if !tx.has_factor(id).await? && tx.locked_terminals_of(id).await? > 0 {
        return Err(AdminError::WouldOpenLocked);
    }
    let maker = Maker { by: &who.username, actor: who.actor(), public: services.origins.public() };
    let link = make_link(&mut tx, &services.clock, &maker, user.role, Some(&user)).await?;
    tx.commit().await?;
    Ok(link)
}

/// The same from the server's own shell, for when no administrator can get in.
///
/// # Errors
/// When there is no such account.
pub async fn reset_link_from_shell(db: &Db, public: &str, username: &str) -> Done<OneTimeLink> {
    let name = Username::parse(username).map_err(|_| AdminError::NotFound("account"))?;
    let mut tx = db.begin().await?;
    let user = tx.user_named(&name).await?.ok_or(AdminError::NotFound("account"))?;
    let maker = Maker { by: &user.username, actor: Actor::system(), public };
    let link = make_link(&mut tx, &Clock::System, &maker, user.role, Some(&user)).await?;
    tx.commit().await?;
    Ok(link)
}

/// Invitations and reset links that are still good.
///
/// # Errors
/// When the database does not answer.
pub async fn open_links(services: &Services) -> Done<Vec<InviteView>> {
    let mut tx = services.db.read().await?;
    let rows = tx.open_links(services.clock.now()).await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(invite_view).collect())
}

/// Takes a link back.
///
/// # Errors
/// When it was used, or is not there.
pub async fn revoke_link(services: &Services, who: &Caller, id: InviteId) -> Done<()> {
    let mut tx = services.db.begin().await?;
    if !tx.delete_link(id).await? {
        return Err(AdminError::NotFound("link"));
    }
    let entry = Entry::new(AuditEvent::InviteRevoked).about(&id, &"link");
    audit::append(&mut tx, services.clock.now(), &who.actor(), entry).await?;
    tx.commit().await?;
    Ok(())
}

struct Maker<'a> {
    by: &'a Username,
    actor: Actor,
    public: &'a str,
}

async fn make_link(
    tx: &mut Tx,
    clock: &Clock,
    maker: &Maker<'_>,
    role: Role,
    resets: Option<&User>,
) -> Done<OneTimeLink> {
    let (now, id, token) = (clock.now(), InviteId::new(Uuid::new_v4()), NewToken::random());
    let (kind, event, secs) = match resets {
        Some(_) => (LinkKind::Reset, AuditEvent::ResetLinkCreated, RESET_SECS),
        None => (LinkKind::Invite, AuditEvent::InviteCreated, INVITE_SECS),
    };
    let expires_at = now.plus_secs(secs);
    tx.insert_link(id, kind, &token.hash(), resets.map(|u| u.id), role, maker.by.as_str(), (now, expires_at)).await?;
    let entry = match resets {
        Some(user) => Entry::new(event).about_user(user.id, &user.username).detail("link", id),
        None => Entry::new(event).about(&id, &"invitation").detail("role", role.as_str()),
    };
    audit::append(tx, now, &maker.actor, entry).await?;
    Ok(OneTimeLink { id, url: format!("{}/invite?token={}", maker.public, token.reveal()), expires_at })
}

async fn held(tx: &mut Tx, id: UserId) -> Done<User> {
    tx.lock_user_row(id).await?;
    tx.user(id).await?.ok_or(AdminError::NotFound("account"))
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
