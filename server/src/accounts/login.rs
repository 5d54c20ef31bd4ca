//! Login in one or two steps, and logout.

use protocol::{
    SessionId, UserId,
    auth::{LoginRequest, LoginStatus},
    names::{Sensitive, Username},
};
use secrets::Secret;
use store::{DeviceHash, SessionKind, User};

use super::{AccountError, revoke_sessions};
use crate::{
    audit::{self, Actor, AuditEvent, Entry},
    auth::{NewToken, PendingLogin, Visitor, password, sessions, throttle::Source, trusted_device},
    mfa::{FactorPurpose, Verification},
    services::Services,
};

/// The result of a login step, and the token for the browser.
#[derive(Debug)]
pub struct LoggedIn {
    /// Logged in, or a code is required.
    pub status: LoginStatus,
    /// Token for the cookie that belongs to the status.
    pub token: NewToken,
    /// Value of the cookie that makes this browser a trusted device of the account.
    pub trusted_device: Option<Secret<String>>,
}

impl LoggedIn {
    /// A complete login.
    pub(super) fn complete(
        services: &Services,
        (user, visitor): (UserId, &Visitor),
        token: NewToken,
        trusted_device: Option<Secret<String>>,
    ) -> Self {
        services.signed_in_addresses.record(user, visitor.address);
        Self { status: LoginStatus::Ok, token, trusted_device }
    }
}

/// The first step: username and password. Unknown names take the same time and get the same response as wrong
/// passwords. Runs to completion, so that a guess is counted even when the client disconnects before the response.
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::Throttled`].
pub async fn log_in(services: &Services, visitor: Visitor, request: LoginRequest) -> Result<LoggedIn, AccountError> {
    let services = services.clone();
    services.clone().operations.complete(async move { first_step(&services, &visitor, &request).await }).await
}

async fn first_step(services: &Services, visitor: &Visitor, request: &LoginRequest) -> Result<LoggedIn, AccountError> {
    let now = services.clock.now();
    let device = device_of(services, visitor, &request.username).await?;
    let source = device.map_or_else(|| Source::address(visitor.address), Source::Device);
    let attempt = match services.throttle.begin_attempt(source, &request.username, now).await {
        Ok(attempt) => attempt,
        Err(wait) => {
            if wait.first {
                let entry = Entry::new(AuditEvent::LoginThrottled).failed().detail("wait_secs", wait.secs);
                audit::record(&services.audit, now, &visitor.actor(), entry).await?;
            }
            return Err(AccountError::Throttled(wait.secs));
        }
    };
    let known = find_user(services, &request.username).await?;
    let right = password::verify(request.password.reveal(), known.as_ref().map(|user| &user.password_hash)).await?;
    let Some(user) = known.filter(|user| right && !user.disabled) else {
        attempt.failed(now);
        record_failure(services, visitor, &request.username).await?;
        return Err(AccountError::WrongCredentials);
    };
    attempt.succeeded();
    open(services, visitor, &user).await
}

async fn open(services: &Services, visitor: &Visitor, user: &User) -> Result<LoggedIn, AccountError> {
    let now = services.clock.now();
    let mut tx = services.db.begin().await?;
    // The row is locked and read again, because it may have changed during the slow hash.
    tx.lock_user_row(user.id).await?;
    let fresh = tx.user(user.id).await?.ok_or(AccountError::WrongCredentials)?;
    if fresh.disabled || fresh.password_hash.reveal() != user.password_hash.reveal() {
        return Err(AccountError::WrongCredentials);
    }
    let settings = tx.settings().await?;
    tx.delete_expired_sessions(now).await?;
    let (status, kind) = match tx.has_factor(user.id).await? {
        true => (LoginStatus::MfaRequired, SessionKind::Pending),
        false => (LoginStatus::Ok, SessionKind::Full),
    };
    let (_, token) = sessions::create(&mut tx, user.id, kind, visitor, &settings, now).await?;
    let mut trusted_device = None;
    if kind == SessionKind::Full {
        trusted_device =
            trusted_device::trust(&mut tx, &services.keys, visitor, (user.id, &user.username), now).await?;
        tx.record_login(user.id, now).await?;
        let actor = visitor.actor().known_as(user.id, &user.username);
        let entry = Entry::new(AuditEvent::Login).about_user(user.id, &user.username).detail("factor", "none");
        services.audit.append(&mut tx, now, &actor, entry).await?;
    }
    tx.commit().await?;
    Ok(match status {
        LoginStatus::Ok => LoggedIn::complete(services, (user.id, visitor), token, trusted_device),
        LoginStatus::MfaRequired => LoggedIn { status, token, trusted_device: None },
    })
}

/// The second step: the code. The pending session is deleted and a new one is created.
///
/// # Errors
/// [`AccountError::Code`]; [`AccountError::LoginEnded`] when the pending session was used by another request.
pub async fn verify_code(
    services: &Services,
    visitor: &Visitor,
    pending: &PendingLogin,
    code: &Sensitive,
) -> Result<LoggedIn, AccountError> {
    let now = services.clock.now();
    let actor = visitor.actor().known_as(pending.user, &pending.username);
    let verification = Verification {
        db: &services.db,
        audit: &services.audit,
        keys: &services.keys,
        now,
        actor: &actor,
        user: pending.user,
        username: &pending.username,
        device: trusted_device::of_visitor(&services.keys, visitor, &pending.username),
        purpose: FactorPurpose::Login,
    };
    let mut factor = verification.verify_code(code).await?;
    let tx = factor.tx();
    let disabled = tx.user(pending.user).await?.is_none_or(|user| user.disabled);
    if disabled || !tx.delete_session(pending.session, pending.user).await? {
        return Err(AccountError::LoginEnded);
    }
    let settings = tx.settings().await?;
    let (_, token) = sessions::create(tx, pending.user, SessionKind::Full, visitor, &settings, now).await?;
    tx.record_login(pending.user, now).await?;
    let owner = (pending.user, &pending.username);
    let trusted_device = trusted_device::trust(tx, &services.keys, visitor, owner, now).await?;
    let entry = Entry::new(AuditEvent::Login).about_user(pending.user, &pending.username).detail("factor", "code");
    factor.commit(now, &actor, entry).await?;
    Ok(LoggedIn::complete(services, (pending.user, visitor), token, trusted_device))
}

/// Ends one login session, pending or full, and revokes its leases.
///
/// # Errors
/// When the database does not answer; then the session still exists.
pub async fn log_out(
    services: &Services,
    actor: Actor,
    session: SessionId,
    (user, username): (UserId, Username),
) -> Result<(), AccountError> {
    let services = services.clone();
    let change = async move |services: &Services| {
        let now = services.clock.now();
        let mut tx = services.db.begin().await?;
        if tx.delete_session(session, user).await? {
            services
                .audit
                .append(&mut tx, now, &actor, Entry::new(AuditEvent::Logout).about_user(user, &username))
                .await?;
        }
        tx.commit().await?;
        revoke_sessions(services, [session]).await;
        Ok(())
    };
    services.clone().operations.complete(async move { change(&services).await }).await
}

/// The client's device, if the account of this name trusts it.
async fn device_of(services: &Services, visitor: &Visitor, typed: &str) -> Result<Option<DeviceHash>, AccountError> {
    let Ok(username) = Username::parse(typed) else { return Ok(None) };
    let Some(device) = trusted_device::of_visitor(&services.keys, visitor, &username) else { return Ok(None) };
    let since = trusted_device::valid_since(services.clock.now());
    let mut tx = services.db.read().await?;
    let trusted = match tx.user_by_name(&username).await? {
        Some(user) => tx.trusted_device(user.id, &device, since).await?.is_some(),
        None => false,
    };
    tx.commit().await?;
    Ok(trusted.then_some(device))
}

async fn find_user(services: &Services, typed: &str) -> Result<Option<User>, AccountError> {
    let Ok(username) = Username::parse(typed) else { return Ok(None) };
    let mut tx = services.db.read().await?;
    let user = tx.user_by_name(&username).await?;
    tx.commit().await?;
    Ok(user)
}

/// Unknown usernames are not recorded, because they may be passwords typed into the wrong field.
async fn record_failure(services: &Services, visitor: &Visitor, typed: &str) -> Result<(), AccountError> {
    let entry = Entry::new(AuditEvent::LoginFailed).failed();
    let entry = match find_user(services, typed).await? {
        Some(user) if user.disabled => entry.about_user(user.id, &user.username).detail("reason", "disabled"),
        Some(user) => entry.about_user(user.id, &user.username).detail("reason", "password"),
        None => entry.detail("reason", "unknown_name"),
    };
    audit::record(&services.audit, services.clock.now(), &visitor.actor(), entry).await?;
    Ok(())
}
