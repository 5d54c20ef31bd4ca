//! The first start: no default account, but a one-time link on standard output (ASVS 6.3.2).

use protocol::{
    InviteId, UserId,
    auth::{Role, SetupRequest},
    names::Username,
};
use store::{LinkKind, SessionKind};
use uuid::Uuid;

use super::{AccountError, LoggedIn, PasswordField, link_attempt};
use crate::{
    audit::{self, AuditEvent, Entry},
    auth::{RandomToken, Visitor, password, sessions, token, trusted_device},
    services::Services,
};

/// Validity of a set-up link.
const LINK_SECS: i64 = 30 * 60;

/// Whether there is no administrator yet.
///
/// # Errors
/// When the database does not answer.
pub async fn is_needed(services: &Services) -> Result<bool, AccountError> {
    let mut tx = services.db.read().await?;
    let done = tx.is_set_up().await?;
    tx.commit().await?;
    Ok(!done)
}

/// A new set-up link, if one is needed. Links of earlier starts become invalid. The token is in the fragment, which
/// browsers do not send.
///
/// # Errors
/// When the database does not answer.
pub async fn setup_link(services: &Services) -> Result<Option<String>, AccountError> {
    let mut tx = services.db.begin().await?;
    if tx.is_set_up().await? {
        return Ok(None);
    }
    let (token, now) = (RandomToken::random(), services.clock.now());
    let life = (now, now.plus_secs(LINK_SECS));
    let id = InviteId::new(Uuid::new_v4());
    tx.insert_link(id, LinkKind::Setup, &token.hash(), None, Role::Admin, "rexec", life).await?;
    tx.commit().await?;
    Ok(Some(format!("{}/setup#token={}", services.origins.public(), token.reveal())))
}

/// Creates the first administrator and logs them in. Of concurrent requests exactly one succeeds.
///
/// # Errors
/// [`AccountError::SetUpAlready`], [`AccountError::StaleLink`], [`AccountError::InvalidPassword`],
/// [`AccountError::Throttled`].
pub async fn set_up(services: &Services, visitor: &Visitor, request: &SetupRequest) -> Result<LoggedIn, AccountError> {
    let now = services.clock.now();
    let attempt = link_attempt::begin(services, visitor, AuditEvent::Setup).await?;
    if !is_needed(services).await? {
        return Err(AccountError::SetUpAlready);
    }
    password::check_new(request.password.reveal(), &request.username)
        .map_err(|error| AccountError::InvalidPassword(PasswordField::Password, error))?;
    let token_hash = token::hash(request.token.reveal());
    let mut tx = services.db.begin().await?;
    let good = tx.is_link_valid(LinkKind::Setup, &token_hash, now).await?;
    drop(tx);
    if !good {
        let entry = Entry::new(AuditEvent::Setup).failed().detail("reason", "stale_link");
        audit::record(&services.audit, now, &visitor.actor(), entry).await?;
        return Err(AccountError::StaleLink);
    }
    let hash = password::hash(request.password.reveal()).await?;

    let mut tx = services.db.begin().await?;
    if !tx.finish_setup().await? {
        return Err(AccountError::SetUpAlready);
    }
    if !tx.use_link(LinkKind::Setup, &token_hash, now).await? {
        return Err(AccountError::StaleLink);
    }
    let user = UserId::new(Uuid::new_v4());
    insert(&mut tx, user, &request.username, &hash, Role::Admin, now).await?;
    let settings = tx.settings().await?;
    let (_, token) = sessions::create(&mut tx, user, SessionKind::Full, visitor, &settings, now).await?;
    tx.record_login(user, now).await?;
    let owner = (user, &request.username);
    let trusted_device = trusted_device::trust(&mut tx, &services.keys, visitor, owner, now).await?;
    let actor = visitor.actor().known_as(user, &request.username);
    services
        .audit
        .append(&mut tx, now, &actor, Entry::new(AuditEvent::Setup).about_user(user, &request.username))
        .await?;
    tx.commit().await?;
    attempt.succeeded();
    Ok(LoggedIn::complete(services, (user, visitor), token, trusted_device))
}

/// Inserts a new account. A name that is taken is [`AccountError::NameTaken`], not an error of the database.
pub(super) async fn insert(
    tx: &mut store::Tx,
    user: UserId,
    username: &Username,
    hash: &secrets::Secret<String>,
    role: Role,
    now: protocol::Timestamp,
) -> Result<(), AccountError> {
    match tx.insert_user(user, username, hash, role, now).await {
        Err(e) if e.is_unique_violation() => Err(AccountError::NameTaken),
        other => Ok(other?),
    }
}
