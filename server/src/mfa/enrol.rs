//! Enrolment: the server generates a secret, stores it encrypted, and shows it once. It is pending until its first
//! code.

use protocol::{Timestamp, UserId, limits::ENROLMENT_SECS, mfa::EnrolAnswer, names::Username};
use secrets::{KeyError, Keyring, Sealed, Secret};
use store::{StoreError, Tx};

use super::{totp, verify::context};

/// A new secret, in plain form for the user and sealed for the store.
#[derive(Debug)]
pub struct NewFactor {
    secret: Secret<Vec<u8>>,
    sealed: Sealed,
}

impl NewFactor {
    /// Generates and seals a secret.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn generate(keys: &Keyring, user: UserId) -> Result<Self, KeyError> {
        let secret = totp::generate_secret();
        let sealed = keys.seal(secret.reveal(), &context(user))?;
        Ok(Self { secret, sealed })
    }

    /// Stores it as pending; the confirmed factor, if there is one, stays valid.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store(&self, tx: &mut Tx, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        tx.set_pending_factor(user, &self.sealed, now.plus_secs(ENROLMENT_SECS.into())).await
    }

    /// What the user sees once.
    pub fn enrol_answer(&self, username: &Username, now: Timestamp) -> EnrolAnswer {
        let otpauth_url = totp::otpauth_url(self.secret.reveal(), username);
        EnrolAnswer {
            secret: totp::base32(self.secret.reveal()),
            qr_svg: totp::qr_svg(&otpauth_url).unwrap_or_default(),
            otpauth_url,
            expires_at: now.plus_secs(ENROLMENT_SECS.into()),
        }
    }
}
