//! Verification of codes. The code is marked as used in the transaction that the proof carries, so that the use of the
//! code and the change that it allows commit together or not at all.

use protocol::{
    TerminalId, Timestamp, UserId,
    names::{Sensitive, TerminalName, Username},
};
use secrets::{Keyring, Sealed};
use store::{Db, DeviceHash, Factor, Notice, StoreError, Tx};

use super::{
    CodeError, CodeFormat,
    counter::{Counter, Failed},
    recovery::{self, ParsedCode},
    totp,
};
use crate::{
    audit::{self, Actor, AuditEvent, AuditLog, Entry},
    auth::password,
};

/// A terminal as it appears in the audit log.
#[derive(Debug, Clone)]
pub struct TargetTerminal {
    /// Id.
    pub id: TerminalId,
    /// Name.
    pub name: TerminalName,
    /// Owner.
    pub owner: UserId,
}

/// What a code is used for.
#[derive(Debug, Clone)]
pub enum FactorPurpose {
    /// The second step of a login.
    Login,
    /// Changing the password.
    Password,
    /// Replacing the factor.
    EnrolAgain,
    /// The first code of a new secret.
    Confirm,
    /// Removing the factor.
    Disable,
    /// New recovery codes.
    Regenerate,
    /// A grant on a locked terminal.
    Verify(TargetTerminal),
    /// Removing a terminal's lock.
    Unlock(TargetTerminal),
    /// Deleting a locked terminal.
    Delete(TargetTerminal),
    /// Stopping, restarting, renaming or resizing a locked terminal.
    Change(TargetTerminal),
}

impl FactorPurpose {
    const fn name(&self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Password => "password",
            Self::EnrolAgain => "enrol",
            Self::Confirm => "confirm",
            Self::Disable => "disable",
            Self::Regenerate => "recovery-codes",
            Self::Verify(_) => "verify",
            Self::Unlock(_) => "unlock",
            Self::Delete(_) => "delete",
            Self::Change(_) => "change",
        }
    }
}

/// Proof that the second factor of an account was verified. Holds the transaction in which the code is used. Only this
/// file can create one; it is neither `Clone` nor `Default`, so it allows one change.
#[derive(Debug)]
#[must_use = "dropping the proof rolls back, and the code stays unused"]
pub struct SecondFactor {
    user: UserId,
    tx: Tx,
    audit: AuditLog,
    before: Option<Entry>,
}

impl SecondFactor {
    /// Account of the factor.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The transaction in which the code is used. The change belongs into it.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Appends the audit event of the change and commits. Without this call everything is rolled back, and the code
    /// stays unused.
    ///
    /// # Errors
    /// When the commit failed, or its outcome is unknown.
    pub async fn commit(mut self, now: Timestamp, actor: &Actor, entry: Entry) -> Result<(), StoreError> {
        for entry in self.before.take().into_iter().chain([entry]) {
            self.audit.append(&mut self.tx, now, actor, entry).await?;
        }
        self.tx.commit().await
    }
}

/// Verification of one account's code for one purpose.
#[derive(Debug)]
pub struct Verification<'a> {
    /// The store.
    pub db: &'a Db,
    /// The audit log.
    pub audit: &'a AuditLog,
    /// Keys of sealed secrets.
    pub keys: &'a Keyring,
    /// The instant.
    pub now: Timestamp,
    /// Actor of the audit events.
    pub actor: &'a Actor,
    /// The account whose code is asked for.
    pub user: UserId,
    /// Its name.
    pub username: &'a Username,
    /// The trusted device that the request names.
    pub device: Option<DeviceHash>,
    /// What the code is used for.
    pub purpose: FactorPurpose,
}

/// The factor whose code is verified, and the counter of the attempt.
#[derive(Debug)]
struct LockedFactor {
    factor: Factor,
    counter: Counter,
}

#[derive(Debug, Clone, Copy)]
enum Reason {
    Wrong,
    Replayed,
    Throttled,
    Stopped,
}

impl Verification<'_> {
    /// Checks whether a code would be verified now, and returns the factor. Slow hashes are computed outside of the
    /// transaction of a proof; this check comes before them, so that throttled requests do not cause that work.
    ///
    /// # Errors
    /// [`CodeError::Throttled`], audited; [`CodeError::NoFactor`] and [`CodeError::NothingPending`].
    pub async fn precheck(&self) -> Result<Factor, CodeError> {
        let mut tx = self.db.read().await?;
        let factor = tx.factor(self.user).await?;
        let counter = Counter::of(&mut tx, self.user, self.device, self.now).await?;
        tx.commit().await?;
        let (missing, present): (_, fn(&Factor) -> bool) = match self.purpose {
            FactorPurpose::Confirm => (CodeError::NothingPending, |factor| factor.pending.is_some()),
            _ => (CodeError::NoFactor, |factor| factor.secret.is_some()),
        };
        let Some(factor) = factor else { return Err(missing) };
        let wait = counter.remaining_secs(&factor, self.at_login(), self.now);
        if wait > 0 {
            return Err(self.reject_uncounted(Reason::Throttled, CodeError::Throttled(wait)).await);
        }
        if present(&factor) { Ok(factor) } else { Err(missing) }
    }

    /// Verifies a code of the confirmed factor: six digits, or a recovery code.
    ///
    /// # Errors
    /// [`CodeError`]; the failure is counted and audited.
    pub async fn verify_code(&self, code: &Sensitive) -> Result<SecondFactor, CodeError> {
        match recovery::parse(code) {
            ParsedCode::Recovery(code) => {
                // The slow hash is computed before the transaction, and not at all while throttled.
                let factor = self.precheck().await?;
                let salt = factor.recovery_salt.ok_or(CodeError::NoFactor)?;
                let hash = password::digest(vec![code], salt).await?.pop().unwrap_or_default();
                self.verify_recovery_code(&hash).await
            }
            ParsedCode::Totp(code) => {
                let (mut tx, locked) = self.lock_row().await?;
                let sealed = locked.factor.secret.clone().ok_or(CodeError::NoFactor)?;
                if locked.counter.is_stopped(&locked.factor) {
                    drop(tx);
                    return Err(self.reject_uncounted(Reason::Stopped, CodeError::Stopped).await);
                }
                let secret = self.keys.unseal(&sealed, &context(self.user))?;
                let one_ahead = tx.settings().await?.totp_one_step_ahead;
                let Some(step) = totp::matching_step(secret.reveal(), code.reveal(), self.now, one_ahead) else {
                    return Err(self.count_failure(tx, &locked, CodeFormat::Totp).await);
                };
                if !tx.burn_step(self.user, step).await? {
                    // A valid code that was used before is not a guess: audited, not counted.
                    drop(tx);
                    return Err(self.reject_uncounted(Reason::Replayed, CodeError::Wrong(CodeFormat::Totp)).await);
                }
                self.reset_failures(&mut tx, &locked, false).await?;
                Ok(SecondFactor { user: self.user, tx, audit: self.audit.clone(), before: None })
            }
            ParsedCode::Unknown => {
                let (tx, locked) = self.lock_row().await?;
                Err(self.count_failure(tx, &locked, CodeFormat::Unknown).await)
            }
        }
    }

    /// Verifies a code for a locked terminal. An administrator may have removed the factor since; then `attempt` is
    /// appended to the audit log as failed.
    ///
    /// # Errors
    /// [`CodeError`]; the failure is audited.
    pub async fn verify_factor(&self, attempt: Entry, code: &Sensitive) -> Result<SecondFactor, CodeError> {
        let verified = self.verify_code(code).await;
        if matches!(verified, Err(CodeError::NoFactor)) {
            audit::record(self.audit, self.now, self.actor, attempt.failed().detail("reason", "no_factor")).await?;
        }
        verified
    }

    async fn verify_recovery_code(&self, hash: &[u8]) -> Result<SecondFactor, CodeError> {
        let (mut tx, locked) = self.lock_row().await?;
        if locked.factor.secret.is_none() {
            return Err(CodeError::NoFactor);
        }
        if !tx.use_recovery_code(self.user, hash, self.now).await? {
            return Err(self.count_failure(tx, &locked, CodeFormat::Recovery).await);
        }
        self.reset_failures(&mut tx, &locked, true).await?;
        let left = tx.recovery_codes_left(self.user).await?;
        let notice = Notice::RecoveryCodeUsed { purpose: self.purpose.name().to_owned(), left };
        tx.insert_notice(self.user, &notice, self.now).await?;
        let entry = Entry::new(AuditEvent::MfaRecoveryUsed).about_user(self.user, self.username);
        let before = Some(entry.detail("place", self.purpose.name()).detail("left", left));
        Ok(SecondFactor { user: self.user, tx, audit: self.audit.clone(), before })
    }

    /// Verifies the first code of a pending secret, which becomes the factor in the returned transaction.
    ///
    /// # Errors
    /// [`CodeError`]; the failure is counted and audited.
    pub async fn confirm(&self, code: &Sensitive) -> Result<SecondFactor, CodeError> {
        let (mut tx, locked) = self.lock_row().await.map_err(|e| match e {
            CodeError::NoFactor => CodeError::NothingPending,
            other => other,
        })?;
        let pending = locked.factor.pending.clone().filter(|_| self.now < locked.factor.pending_until);
        let pending = pending.ok_or(CodeError::NothingPending)?;
        let ParsedCode::Totp(code) = recovery::parse(code) else {
            return Err(self.count_failure(tx, &locked, CodeFormat::FirstTotp).await);
        };
        let secret = self.keys.unseal(&pending, &context(self.user))?;
        let one_ahead = tx.settings().await?.totp_one_step_ahead;
        let Some(step) = totp::matching_step(secret.reveal(), code.reveal(), self.now, one_ahead) else {
            return Err(self.count_failure(tx, &locked, CodeFormat::FirstTotp).await);
        };
        if !tx.confirm_factor(self.user, &pending, step, self.now).await? {
            return Err(CodeError::NothingPending);
        }
        Ok(SecondFactor { user: self.user, tx, audit: self.audit.clone(), before: None })
    }

    /// Locks the factor's row, so that guesses are verified one at a time.
    async fn lock_row(&self) -> Result<(Tx, LockedFactor), CodeError> {
        let mut tx = self.db.begin().await?;
        let factor = tx.lock_factor_row(self.user).await?.ok_or(CodeError::NoFactor)?;
        let counter = Counter::of(&mut tx, self.user, self.device, self.now).await?;
        let wait = counter.remaining_secs(&factor, self.at_login(), self.now);
        if wait > 0 {
            // One transaction writes at a time.
            drop(tx);
            return Err(self.reject_uncounted(Reason::Throttled, CodeError::Throttled(wait)).await);
        }
        Ok((tx, LockedFactor { factor, counter }))
    }

    fn at_login(&self) -> bool {
        matches!(self.purpose, FactorPurpose::Login)
    }

    async fn reset_failures(
        &self,
        tx: &mut Tx,
        locked: &LockedFactor,
        by_recovery_code: bool,
    ) -> Result<(), StoreError> {
        locked.counter.reset(tx, (self.user, &locked.factor), self.at_login(), by_recovery_code).await
    }

    /// Records the event of a rejection that is not counted.
    async fn reject_uncounted(&self, reason: Reason, error: CodeError) -> CodeError {
        let recorded = audit::record(self.audit, self.now, self.actor, self.failure_entry(reason)).await;
        recorded.map_or_else(CodeError::Store, |()| error)
    }

    /// Counts a wrong code, and adds a notice for the user after five in a row.
    async fn count_failure(&self, tx: Tx, locked: &LockedFactor, format: CodeFormat) -> CodeError {
        match self.try_count_failure(tx, locked).await {
            Ok(()) => CodeError::Wrong(format),
            Err(e) => CodeError::Store(e),
        }
    }

    async fn try_count_failure(&self, mut tx: Tx, locked: &LockedFactor) -> Result<(), StoreError> {
        let counted = locked.counter.fail(&mut tx, (self.user, &locked.factor), self.at_login(), self.now).await?;
        let Failed { failures, stopped, device_removed } = counted;
        if failures == 5 || stopped {
            let notice = Notice::WrongCodes { failures, stopped };
            tx.insert_notice(self.user, &notice, self.now).await?;
        }
        let mut entry = self.failure_entry(Reason::Wrong).detail("failures", failures);
        if device_removed {
            entry = entry.detail("trusted_device", "removed");
        }
        self.write(&mut tx, entry).await?;
        if stopped {
            let entry = Entry::new(AuditEvent::MfaStopped).about_user(self.user, self.username);
            self.write(&mut tx, entry.detail("failures", failures)).await?;
        }
        tx.commit().await
    }

    async fn write(&self, tx: &mut Tx, entry: Entry) -> Result<(), StoreError> {
        self.audit.append(tx, self.now, self.actor, entry).await
    }

    fn failure_entry(&self, reason: Reason) -> Entry {
        let (event, word) = match reason {
            Reason::Wrong => (AuditEvent::MfaFailed, "wrong_code"),
            Reason::Replayed => (AuditEvent::MfaReplayed, "replayed"),
            Reason::Throttled => (AuditEvent::MfaThrottled, "throttled"),
            Reason::Stopped => (AuditEvent::MfaThrottled, "stopped"),
        };
        let entry = match &self.purpose {
            FactorPurpose::Verify(t) => {
                Entry::new(AuditEvent::TerminalMfaAccessVerified).about_terminal(t.id, &t.name, t.owner)
            }
            FactorPurpose::Unlock(t) => {
                Entry::new(AuditEvent::TerminalMfaUnlocked).about_terminal(t.id, &t.name, t.owner)
            }
            FactorPurpose::Delete(t) | FactorPurpose::Change(t) => {
                Entry::new(event).about_terminal(t.id, &t.name, t.owner)
            }
            _ => Entry::new(event).about_user(self.user, self.username),
        };
        entry.failed().detail("reason", word).detail("place", self.purpose.name())
    }
}

/// Whether these keys decrypt the secret of an account.
pub fn can_decrypt(keys: &Keyring, user: UserId, sealed: &Sealed) -> bool {
    keys.unseal(sealed, &context(user)).is_ok()
}

/// Associated data of the encryption: binds a secret to its account and field.
pub(super) fn context(user: UserId) -> Vec<u8> {
    [b"factors.secret:".as_slice(), user.uuid().as_bytes()].concat()
}
