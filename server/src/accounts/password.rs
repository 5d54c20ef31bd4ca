//! Change of the password, and checks that other changes of the account share.

use access::Caller;
use protocol::{auth::PasswordChange, names::Sensitive};
use store::{Notice, Tx};

use super::{AccountError, PasswordField, end_older_tokens, revoke_sessions};
use crate::audit::AsActor as _;
use crate::{
    audit::{self, AuditEvent, Entry},
    auth::{NewToken, password, sessions, throttle::Source},
    mfa::{FactorPurpose, SecondFactor},
    services::Services,
};

/// Checks the current password, throttled like a login, so that a stolen session cannot be used to guess it. Failures
/// are counted per login session, so that guesses of others do not block the user.
pub(super) async fn check_current(
    services: &Services,
    who: &Caller,
    typed: &Sensitive,
    (event, field): (AuditEvent, PasswordField),
) -> Result<(), AccountError> {
    let now = services.clock.now();
    let refuse = |reason| Entry::new(event).failed().about_user(who.user, &who.username).detail("reason", reason);
    let attempt =
        match services.throttle.begin_attempt(Source::Login(who.login_session()?), who.username.as_str(), now).await {
            Ok(attempt) => attempt,
            Err(wait) => {
                if wait.first {
                    audit::record(&services.audit, now, &who.actor(), refuse("throttled")).await?;
                }
                return Err(AccountError::Throttled(wait.secs));
            }
        };
    let mut tx = services.db.read().await?;
    let user = tx.user(who.user).await?.ok_or(AccountError::LoginEnded)?;
    tx.commit().await?;
    if password::verify(typed.reveal(), Some(&user.password_hash)).await? {
        attempt.succeeded();
        return Ok(());
    }
    attempt.failed(now);
    audit::record(&services.audit, now, &who.actor(), refuse("password")).await?;
    Err(AccountError::WrongPassword(field))
}

/// The transaction of a change that requires a code if the account has a factor.
pub(super) enum Change {
    /// The code is used in it.
    Proven(SecondFactor),
    /// The account has no factor.
    Plain(Tx),
}

impl Change {
    /// Begins the transaction after the code was verified, or without a code if the account has no factor.
    pub(super) async fn begin(
        services: &Services,
        who: &Caller,
        purpose: FactorPurpose,
        code: Option<&Sensitive>,
    ) -> Result<Self, AccountError> {
        let mut tx = services.db.begin().await?;
        // Locked, so that no factor can be added between the check and the change.
        tx.lock_user_row(who.user).await?;
        if !tx.has_factor(who.user).await? {
            return Ok(Self::Plain(tx));
        }
        drop(tx);
        let code = code.ok_or(AccountError::CodeMissing)?;
        Ok(Self::Proven(services.verification(who, &who.actor(), purpose).verify_code(code).await?))
    }

    pub(super) fn tx(&mut self) -> &mut Tx {
        match self {
            Self::Proven(factor) => factor.tx(),
            Self::Plain(tx) => tx,
        }
    }

    pub(super) async fn commit(self, services: &Services, who: &Caller, entry: Entry) -> Result<(), AccountError> {
        let now = services.clock.now();
        match self {
            Self::Proven(factor) => factor.commit(now, &who.actor(), entry).await?,
            Self::Plain(mut tx) => {
                services.audit.append(&mut tx, now, &who.actor(), entry).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

/// Changes the password; every other login ends, this one gets a new token.
///
/// # Errors
/// [`AccountError`].
pub async fn change_password(
    services: &Services,
    who: &Caller,
    request: PasswordChange,
) -> Result<NewToken, AccountError> {
    let (services, who) = (services.clone(), who.clone());
    services.clone().operations.complete(async move { change(&services, &who, &request).await }).await
}

async fn change(services: &Services, who: &Caller, request: &PasswordChange) -> Result<NewToken, AccountError> {
    check_current(services, who, &request.current, (AuditEvent::PasswordChanged, PasswordField::Current)).await?;
    password::check_new(request.new.reveal(), &who.username)
        .map_err(|error| AccountError::InvalidPassword(PasswordField::New, error))?;
    let hash = password::hash(request.new.reveal()).await?;
    let now = services.clock.now();
    let mut change = Change::begin(services, who, FactorPurpose::Password, request.code.as_ref()).await?;
    let tx = change.tx();
    let token = sessions::renew(tx, who.login_session()?, now).await?.ok_or(AccountError::LoginEnded)?;
    tx.set_password(who.user, &hash, false).await?;
    let ended = tx.delete_sessions(who.user, Some(who.login_session()?)).await?;
    tx.delete_trusted_devices(who.user, who.trusted_device).await?;
    tx.insert_notice(who.user, &Notice::PasswordChanged, now).await?;
    let entry = Entry::new(AuditEvent::PasswordChanged).about_user(who.user, &who.username);
    change.commit(services, who, entry.detail("sessions_ended", ended.len())).await?;
    end_older_tokens(services, &token);
    revoke_sessions(services, ended).await;
    Ok(token)
}
