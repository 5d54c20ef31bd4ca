//! The one place where a code becomes a proof. Burns the step, or spends the recovery code, in the transaction that
//! the proof carries: what the code was given for commits with it, or neither happens.

use protocol::{
    TerminalId, Timestamp, UserId,
    names::{Sensitive, TerminalName, Username},
};
use secrets::{Keyring, Sealed};
use store::{Db, Factor, StoreError, Tx};

use super::{
    CodeRefused, Given,
    recovery::{self, Typed},
    totp, waits,
};
use crate::{
    audit::{self, Actor, AuditEvent, Entry},
    auth::password,
};

/// A terminal, as the audit trail names it.
#[derive(Debug, Clone)]
pub struct AboutTerminal {
    /// Id.
    pub id: TerminalId,
    /// Label.
    pub name: TerminalName,
    /// Whose.
    pub owner: UserId,
}

/// What a code is given for.
#[derive(Debug, Clone)]
pub enum FactorPurpose {
    /// The second half of a sign-in.
    Login,
    /// Changing the password.
    Password,
    /// Replacing the factor.
    EnrolAgain,
    /// The first code of a new secret.
    Confirm,
    /// Removing the factor.
    Disable,
    /// Fresh recovery codes.
    Regenerate,
    /// Using a locked terminal.
    Verify(AboutTerminal),
    /// Removing a terminal's lock.
    Unlock(AboutTerminal),
    /// Deleting a locked terminal.
    Delete(AboutTerminal),
}

impl FactorPurpose {
    const fn word(&self) -> &'static str {
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
        }
    }
}

/// Proof that the account's second factor was given just now. Holds the transaction in which the code was spent.
/// No Clone, no Default: only this file can build one, and each can be used for one thing.
#[derive(Debug)]
#[must_use = "a proof that is dropped gives the code back"]
pub struct SecondFactor {
    user: UserId,
    tx: Tx,
    before: Option<Entry>,
}

impl SecondFactor {
    /// Whose factor.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The transaction in which the code is spent; make the change here.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Writes the event of the change, and makes all of it durable. Without it nothing happened, and the code is good
    /// again.
    ///
    /// # Errors
    /// When it did not happen, or when nobody can say.
    pub async fn commit(mut self, now: Timestamp, actor: &Actor, entry: Entry) -> Result<(), StoreError> {
        for entry in self.before.take().into_iter().chain([entry]) {
            audit::append(&mut self.tx, now, actor, entry).await?;
        }
        self.tx.commit().await
    }
}

/// Asks one account for its code, for one thing.
#[derive(Debug)]
pub struct Verification<'a> {
    /// The store.
    pub db: &'a Db,
    /// Keys of sealed secrets.
    pub keys: &'a Keyring,
    /// The instant.
    pub now: Timestamp,
    /// Who asks, for the audit trail.
    pub actor: &'a Actor,
    /// The account whose code is asked for.
    pub user: UserId,
    /// Its name.
    pub username: &'a Username,
    /// What for.
    pub place: FactorPurpose,
}

#[derive(Debug, Clone, Copy)]
enum Reason {
    Wrong,
    Replayed,
    Throttled,
    Stopped,
}

impl Verification<'_> {
    /// Looks whether a code would be looked at now. Slow hashes are computed before the transaction of a proof; whoever
    /// has to wait, or has nothing to prove, does not make the server compute them.
    ///
    /// # Errors
    /// [`CodeRefused::Throttled`], audited as ever; [`CodeRefused::NoFactor`] and [`CodeRefused::NothingPending`].
    pub async fn look(&self) -> Result<Factor, CodeRefused> {
        let mut tx = self.db.read().await?;
        let factor = tx.factor(self.user).await?;
        tx.commit().await?;
        let (missing, there): (_, fn(&Factor) -> bool) = match self.place {
            FactorPurpose::Confirm => (CodeRefused::NothingPending, |factor| factor.pending.is_some()),
            _ => (CodeRefused::NoFactor, |factor| factor.secret.is_some()),
        };
        let Some(factor) = factor else { return Err(missing) };
        self.check_wait(&factor).await?;
        if there(&factor) { Ok(factor) } else { Err(missing) }
    }

    /// Checks a code of the confirmed factor: six digits, or a recovery code.
    ///
    /// # Errors
    /// [`CodeRefused`]; the failure has been counted and audited.
    pub async fn prove(&self, code: &Sensitive) -> Result<SecondFactor, CodeRefused> {
        match recovery::read(code) {
            Typed::Recovery(code) => {
                // The slow hash is computed before the transaction, and not at all while waiting.
                let factor = self.look().await?;
                let salt = factor.recovery_salt.ok_or(CodeRefused::NoFactor)?;
                let hash = password::digest(vec![code], salt).await?.pop().unwrap_or_default();
                self.prove_recovery(&hash).await
            }
            Typed::Digits(code) => {
                let (mut tx, factor) = self.hold().await?;
                let sealed = factor.secret.clone().ok_or(CodeRefused::NoFactor)?;
                if factor.stopped {
                    return Err(self.turn_away(tx, Reason::Stopped, CodeRefused::Stopped).await);
                }
                let secret = self.keys.open_sealed(&sealed, &context(self.user))?;
                let one_ahead = tx.settings().await?.totp_one_step_ahead;
                let Some(step) = totp::matching_step(secret.reveal(), code.reveal(), self.now, one_ahead) else {
                    return Err(self.count_failure(tx, &factor, Given::Digits).await);
                };
                if !tx.burn_step(self.user, step).await? {
                    // The code was right and is spent: no guess, so it is told to the trail and not counted.
                    return Err(self.turn_away(tx, Reason::Replayed, CodeRefused::Wrong(Given::Digits)).await);
                }
                self.forget_failures(&mut tx, &factor).await?;
                Ok(SecondFactor { user: self.user, tx, before: None })
            }
            Typed::Neither => {
                let (tx, factor) = self.hold().await?;
                Err(self.count_failure(tx, &factor, Given::Neither).await)
            }
        }
    }

    /// The same about a terminal whose lock may outlive the factor. Where there is none, `tried` is in the trail as refused for it.
    ///
    /// # Errors
    /// [`CodeRefused`]; the failure has been audited.
    pub async fn verify_factor(&self, tried: Entry, code: &Sensitive) -> Result<SecondFactor, CodeRefused> {
        let proven = self.prove(code).await;
        if matches!(proven, Err(CodeRefused::NoFactor)) {
            audit::record(self.db, self.now, self.actor, tried.failed().detail("reason", "no_factor")).await?;
        }
        proven
    }

    async fn prove_recovery(&self, hash: &[u8]) -> Result<SecondFactor, CodeRefused> {
        let (mut tx, factor) = self.hold().await?;
        if factor.secret.is_none() {
            return Err(CodeRefused::NoFactor);
        }
        if !tx.spend_recovery_code(self.user, hash, self.now).await? {
            return Err(self.count_failure(tx, &factor, Given::Recovery).await);
        }
        self.forget_failures(&mut tx, &factor).await?;
        let left = tx.recovery_codes_left(self.user).await?;
        let notice = format!(
            "A recovery code was used ({}). {left} are left. If that was not you, change your password and make new codes.",
            self.place.word()
        );
        tx.insert_notice(self.user, &notice, self.now).await?;
        let entry = Entry::new(AuditEvent::MfaRecoveryUsed).about_user(self.user, self.username);
        let before = Some(entry.detail("place", self.place.word()).detail("left", left));
        Ok(SecondFactor { user: self.user, tx, before })
    }

    /// Checks the first code of a secret that waits for it; it becomes the factor in the transaction that is returned.
    ///
    /// # Errors
    /// [`CodeRefused`]; the failure has been counted and audited.
    pub async fn confirm(&self, code: &Sensitive) -> Result<SecondFactor, CodeRefused> {
        let (mut tx, factor) = self.hold().await.map_err(|e| match e {
            CodeRefused::NoFactor => CodeRefused::NothingPending,
            other => other,
        })?;
        let pending = factor.pending.clone().filter(|_| self.now < factor.pending_until);
        let pending = pending.ok_or(CodeRefused::NothingPending)?;
        let Typed::Digits(code) = recovery::read(code) else {
            return Err(self.count_failure(tx, &factor, Given::First).await);
        };
        let secret = self.keys.open_sealed(&pending, &context(self.user))?;
        let one_ahead = tx.settings().await?.totp_one_step_ahead;
        let Some(step) = totp::matching_step(secret.reveal(), code.reveal(), self.now, one_ahead) else {
            return Err(self.count_failure(tx, &factor, Given::First).await);
        };
        if !tx.confirm_factor(self.user, &pending, step, self.now).await? {
            return Err(CodeRefused::NothingPending);
        }
        Ok(SecondFactor { user: self.user, tx, before: None })
    }

    /// Takes the factor's row, so that guesses are looked at one after the other.
    async fn hold(&self) -> Result<(Tx, Factor), CodeRefused> {
        let mut tx = self.db.begin().await?;
        let factor = tx.lock_factor_row(self.user).await?.ok_or(CodeRefused::NoFactor)?;
        let wait = waits::left(&factor, self.at_sign_in(), self.now);
        if wait > 0 {
            return Err(self.turn_away(tx, Reason::Throttled, CodeRefused::Throttled(wait)).await);
        }
        Ok((tx, factor))
    }

    async fn check_wait(&self, factor: &Factor) -> Result<(), CodeRefused> {
        let wait = waits::left(factor, self.at_sign_in(), self.now);
        if wait == 0 {
            return Ok(());
        }
        let tx = self.db.begin().await?;
        Err(self.turn_away(tx, Reason::Throttled, CodeRefused::Throttled(wait)).await)
    }

    fn at_sign_in(&self) -> bool {
        matches!(self.place, FactorPurpose::Login)
    }

    async fn forget_failures(&self, tx: &mut Tx, factor: &Factor) -> Result<(), StoreError> {
        if factor.failures == 0 && !factor.stopped {
            return Ok(());
        }
        let none = Timestamp::from_millis(0);
        // A right code on a signed-in device does not shorten the wait of a stranger at sign-in.
        let login_wait = if self.at_sign_in() { none } else { factor.login_wait_until };
        tx.set_failures(self.user, 0, none, login_wait, false).await
    }

    /// Writes an event of its own and refuses; nothing is counted.
    async fn turn_away(&self, mut tx: Tx, reason: Reason, refused: CodeRefused) -> CodeRefused {
        match self.write(&mut tx, self.refusal(reason)).await {
            Ok(()) => tx.commit().await.map_or_else(CodeRefused::Store, |()| refused),
            Err(e) => CodeRefused::Store(e),
        }
    }

    /// Counts a wrong code, tells the person when it becomes strange, and refuses.
    async fn count_failure(&self, tx: Tx, factor: &Factor, given: Given) -> CodeRefused {
        match self.try_count_failure(tx, factor).await {
            Ok(()) => CodeRefused::Wrong(given),
            Err(e) => CodeRefused::Store(e),
        }
    }

    async fn try_count_failure(&self, mut tx: Tx, factor: &Factor) -> Result<(), StoreError> {
        let now = waits::after_failure(factor, self.at_sign_in(), self.now);
        tx.set_failures(self.user, now.failures, now.wait_until, now.login_wait_until, now.stopped).await?;
        let stopped = now.stopped && !factor.stopped;
        if now.failures == 5 || stopped {
            let notice = format!(
                "{} wrong codes in a row were typed for your account. If that was not you, somebody may know your \
                 password: change it.{}",
                now.failures,
                if stopped { " Codes of your app are refused until a recovery code is used." } else { "" }
            );
            tx.insert_notice(self.user, &notice, self.now).await?;
        }
        self.write(&mut tx, self.refusal(Reason::Wrong).detail("failures", now.failures)).await?;
        if stopped {
            let entry = Entry::new(AuditEvent::MfaStopped).about_user(self.user, self.username);
            self.write(&mut tx, entry.detail("failures", now.failures)).await?;
        }
        tx.commit().await
    }

    async fn write(&self, tx: &mut Tx, entry: Entry) -> Result<(), StoreError> {
        audit::append(tx, self.now, self.actor, entry).await
    }

    fn refusal(&self, reason: Reason) -> Entry {
        let (event, word) = match reason {
            Reason::Wrong => (AuditEvent::MfaFailed, "wrong_code"),
            Reason::Replayed => (AuditEvent::MfaReplayed, "replayed"),
            Reason::Throttled => (AuditEvent::MfaThrottled, "throttled"),
            Reason::Stopped => (AuditEvent::MfaThrottled, "stopped"),
        };
        let entry = match &self.place {
            FactorPurpose::Verify(t) => {
                Entry::new(AuditEvent::TerminalMfaAccessVerified).about_terminal(t.id, &t.name, t.owner)
            }
            FactorPurpose::Unlock(t) => {
                Entry::new(AuditEvent::TerminalMfaUnlocked).about_terminal(t.id, &t.name, t.owner)
            }
            FactorPurpose::Delete(t) => Entry::new(event).about_terminal(t.id, &t.name, t.owner),
            _ => Entry::new(event).about_user(self.user, self.username),
        };
        entry.failed().detail("reason", word).detail("place", self.place.word())
    }
}

/// Whether the secret of an account can be read with these keys.
pub fn opens(keys: &Keyring, user: UserId, sealed: &Sealed) -> bool {
    keys.open_sealed(sealed, &context(user)).is_ok()
}

/// Binds a sealed secret to its account and field.
pub(super) fn context(user: UserId) -> Vec<u8> {
    [b"factors.secret:".as_slice(), user.uuid().as_bytes()].concat()
}
