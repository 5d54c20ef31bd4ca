//! Recovery codes: ten of 80 random bits, hashed with argon2id under one salt per set, each good once.
//!
//! One salt per set lets the store find and spend a code in one conditional statement, so that fifty requests with one
//! code make one success; a salt per code would protect nothing more, because the codes are random and unrelated.

use data_encoding::BASE32_NOPAD;
use protocol::{UserId, limits, names::Sensitive};
use secrets::Secret;
use store::{StoreError, Tx};

use crate::auth::password::{self, HashError};

/// 80 bit, sixteen characters of base32.
const CODE_BYTES: usize = 10;

/// A fresh set: what is shown once, and what is stored.
pub struct FreshSet {
    shown: Vec<String>,
    salt: [u8; 16],
    hashes: Vec<Vec<u8>>,
}

impl FreshSet {
    /// Makes and hashes ten codes.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn make() -> Result<Self, HashError> {
        let plain: Vec<String> =
            (0..limits::RECOVERY_CODES).map(|_| BASE32_NOPAD.encode(&rand::random::<[u8; CODE_BYTES]>())).collect();
        let salt: [u8; 16] = rand::random();
        let secrets = plain.iter().map(|code| Secret::new(code.clone())).collect();
        let hashes = password::digest(secrets, salt.to_vec()).await?;
        Ok(Self { shown: plain.iter().map(|code| spell(code)).collect(), salt, hashes })
    }

    /// Replaces the account's set; gives the codes to show.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store(self, tx: &mut Tx, user: UserId) -> Result<Vec<String>, StoreError> {
        tx.replace_recovery_codes(user, &self.salt, &self.hashes).await?;
        Ok(self.shown)
    }
}

/// `abcd-efgh-ijkl-mnop`.
fn spell(code: &str) -> String {
    let lower = code.to_ascii_lowercase();
    let groups: Vec<&str> = (0..lower.len()).step_by(4).map(|at| &lower[at..(at + 4).min(lower.len())]).collect();
    groups.join("-")
}

/// What a person typed where a code is asked for.
pub(super) enum Typed {
    /// Six digits.
    Digits(Secret<String>),
    /// The shape of a recovery code, in its stored spelling.
    Recovery(Secret<String>),
    /// Neither; wrong without looking.
    Neither,
}

/// Reads a typed code. Case, blanks and dashes do not matter; digits that look like letters of the alphabet are taken
/// for them.
pub(super) fn read(code: &Sensitive) -> Typed {
    let bare: String = code.reveal().chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
    if bare.len() == 6 && bare.chars().all(|c| c.is_ascii_digit()) {
        return Typed::Digits(Secret::new(bare));
    }
    let letters = |c: char| match c.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    };
    let text: String = bare.chars().map(letters).collect();
    let right_length = BASE32_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == CODE_BYTES);
    if right_length { Typed::Recovery(Secret::new(text)) } else { Typed::Neither }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ten_different_codes_that_are_read_back_however_they_are_typed() {
        let set = FreshSet::make().await.unwrap();
        let different: std::collections::HashSet<_> = set.shown.iter().collect();
        assert_eq!((different.len(), set.hashes.len()), (10, 10));
        let plain = set.shown[0].replace('-', "").to_uppercase();
        for typed in
            [set.shown[0].clone(), set.shown[0].to_uppercase(), format!(" {} ", set.shown[0].replace('-', " "))]
        {
            match read(&Sensitive::new(typed)) {
                Typed::Recovery(code) => assert_eq!(code.reveal(), &plain),
                _ => panic!("not read"),
            }
        }
        assert!(matches!(read(&Sensitive::new("123 456")), Typed::Digits(_)));
        for neither in ["", "12345", "1234567", "abcd-efgh", "abcd-efgh-ijkl-mno!", "١٢٣٤٥٦"] {
            assert!(matches!(read(&Sensitive::new(neither)), Typed::Neither), "{neither}");
        }
    }
}
