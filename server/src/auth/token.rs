//! Opaque tokens: 256 random bits for cookies and one-time links. Only their hashes are stored.

use data_encoding::BASE64URL_NOPAD;
use secrets::Secret;
use sha2::{Digest as _, Sha256};

/// A new token. Its text can be read only from this value.
#[derive(Debug)]
pub struct RandomToken(Secret<String>);

impl RandomToken {
    /// 256 bits from the operating system's generator.
    pub fn random() -> Self {
        let bytes: [u8; 32] = rand::random();
        Self(Secret::new(BASE64URL_NOPAD.encode(&bytes)))
    }
    /// What is stored.
    pub fn hash(&self) -> [u8; 32] {
        hash(self.0.reveal())
    }
    /// The text for the cookie or the link.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// SHA-256 of a token. Enough for 256 random bits; slow hashes are for values that users choose.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
