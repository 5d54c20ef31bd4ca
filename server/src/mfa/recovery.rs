//! Recovery codes: ten codes of 80 random bits, hashed with argon2id under one salt per set. Each works once.
//!
//! One salt per set lets the store find and use a code in one conditional statement, so that of many concurrent
//! requests with one code exactly one succeeds. A salt per code would not protect more, because the codes are
//! independent random values.

use data_encoding::BASE32_NOPAD;
use protocol::{UserId, limits, names::Sensitive};
use secrets::Secret;
use store::{StoreError, Tx};

use crate::auth::password::{self, HashError};

/// 80 bit, sixteen characters of base32.
const CODE_BYTES: usize = 10;

/// A new set of codes: the text that is plain_text once, and the hashes that are stored.
pub struct NewRecoveryCodes {
    plain_text: Vec<String>,
    salt: [u8; 16],
    hashes: Vec<Vec<u8>>,
}

impl NewRecoveryCodes {
    /// Generates and hashes ten codes.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn generate() -> Result<Self, HashError> {
        let plain: Vec<String> =
            (0..limits::RECOVERY_CODES).map(|_| BASE32_NOPAD.encode(&rand::random::<[u8; CODE_BYTES]>())).collect();
        let salt: [u8; 16] = rand::random();
        let secrets = plain.iter().map(|code| Secret::new(code.clone())).collect();
        let hashes = password::digest(secrets, salt.to_vec()).await?;
        Ok(Self { plain_text: plain.iter().map(|code| format_code(code)).collect(), salt, hashes })
    }

    /// Replaces the account's set; returns the codes to show.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store(self, tx: &mut Tx, user: UserId) -> Result<Vec<String>, StoreError> {
        tx.replace_recovery_codes(user, &self.salt, &self.hashes).await?;
        Ok(self.plain_text)
    }
}

/// `abcd-efgh-ijkl-mnop`.
fn format_code(code: &str) -> String {
    let lower = code.to_ascii_lowercase();
    let groups: Vec<&str> = (0..lower.len()).step_by(4).map(|at| &lower[at..(at + 4).min(lower.len())]).collect();
    groups.join("-")
}

/// A submitted code.
pub(super) enum ParsedCode {
    /// Six digits.
    Totp(Secret<String>),
    /// Sixteen characters of base32, in the stored spelling of a recovery code.
    Recovery(Secret<String>),
    /// Neither format, so certainly wrong.
    Unknown,
}

/// Parses a submitted code. Case, whitespace and dashes are ignored; digits that resemble base32 letters are read as
/// letters.
pub(super) fn parse(code: &Sensitive) -> ParsedCode {
    let bare: String = code.reveal().chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
    if bare.len() == 6 && bare.chars().all(|c| c.is_ascii_digit()) {
        return ParsedCode::Totp(Secret::new(bare));
    }
    let letters = |c: char| match c.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    };
    let text: String = bare.chars().map(letters).collect();
    let right_length = BASE32_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == CODE_BYTES);
    if right_length { ParsedCode::Recovery(Secret::new(text)) } else { ParsedCode::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn codes_are_unique_and_parse_in_every_spelling() {
        let codes = NewRecoveryCodes::generate().await.unwrap();
        let different: std::collections::HashSet<_> = codes.plain_text.iter().collect();
        assert_eq!((different.len(), codes.hashes.len()), (10, 10));
        let plain = codes.plain_text[0].replace('-', "").to_uppercase();
        for typed in [
            codes.plain_text[0].clone(),
            codes.plain_text[0].to_uppercase(),
            format!(" {} ", codes.plain_text[0].replace('-', " ")),
        ] {
            match parse(&Sensitive::new(typed)) {
                ParsedCode::Recovery(code) => assert_eq!(code.reveal(), &plain),
                _ => panic!("not parsed"),
            }
        }
        assert!(matches!(parse(&Sensitive::new("123 456")), ParsedCode::Totp(_)));
        for neither in ["", "12345", "1234567", "abcd-efgh", "abcd-efgh-ijkl-mno!", "١٢٣٤٥٦"] {
            assert!(matches!(parse(&Sensitive::new(neither)), ParsedCode::Unknown), "{neither}");
        }
    }
}
