//! The keys of the audit log. They are outside the database, so that write access to it is not enough to forge a chain.
//!
//! Each key applies to the events after a position, and comes with the value of the chain at that position. Events
//! before the first key are those of versions without keys: their values are SHA-256, and the position fixes the last.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use protocol::Timestamp;
use sha2::Sha256;
use store::{AuditHead, AuditRow};
use zeroize::Zeroizing;

use super::chain::{self, encode};

/// What a value under a key is about. A value of one kind is never accepted as another.
const ROW: &[u8] = b"rexec audit 2 row";
const HEAD: &[u8] = b"rexec audit 2 head";
const CHECKPOINT: &[u8] = b"rexec audit 2 checkpoint";

/// One key.
#[derive(Clone)]
struct Key {
    /// It applies to the events after this position.
    after: i64,
    /// Value of the chain at that position.
    value: Vec<u8>,
    secret: Zeroizing<[u8; 32]>,
}

impl Key {
    fn new(head: &AuditHead) -> Self {
        Self { after: head.seq, value: head.hash.clone(), secret: Zeroizing::new(rand::random()) }
    }

    fn hmac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        // The length of the key is that of the type.
        #[expect(clippy::expect_used, reason = "HMAC accepts keys of every length")]
        let mut hmac = Hmac::<Sha256>::new_from_slice(self.secret.as_ref()).expect("a key of any length");
        hmac.update(bytes);
        hmac
    }

    fn mac(&self, bytes: &[u8]) -> Vec<u8> {
        self.hmac(bytes).finalize().into_bytes().to_vec()
    }

    fn verifies(&self, bytes: &[u8], mac: &[u8]) -> bool {
        self.hmac(bytes).verify_slice(mac).is_ok()
    }

    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.trim().split(':');
        let (after, value, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let secret = Zeroizing::new(HEXLOWER.decode(secret.as_bytes()).ok()?);
        let key = Self {
            after: after.parse().ok()?,
            value: HEXLOWER.decode(value.as_bytes()).ok()?,
            secret: Zeroizing::new(<[u8; 32]>::try_from(secret.as_slice()).ok()?),
        };
        parts.next().is_none().then_some(key)
    }
}

/// The keys of an installation, at least one.
#[derive(Clone)]
pub struct AuditKeys {
    older: Vec<Key>,
    newest: Key,
}

impl std::fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditKeys({} keys)", self.older.len() + 1)
    }
}

impl AuditKeys {
    /// One new key, for the events after `head`.
    pub fn begin(head: &AuditHead) -> Self {
        Self { older: Vec::new(), newest: Key::new(head) }
    }

    /// The same keys, and a new one for the events after `head`.
    #[must_use]
    pub(super) fn renewed(mut self, head: &AuditHead) -> Self {
        self.older.push(std::mem::replace(&mut self.newest, Key::new(head)));
        self
    }

    /// Reads lines `after:value:key`, with value and key in hexadecimal digits, in the order of the positions.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let mut older = lines.map(Key::parse).collect::<Option<Vec<_>>>()?;
        let newest = older.pop()?;
        let ordered = older.iter().chain([&newest]).is_sorted_by_key(|key| key.after);
        ordered.then_some(Self { older, newest })
    }

    /// The lines that [`Self::parse`] reads.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let line = |key: &Key| {
            let secret = Zeroizing::new(HEXLOWER.encode(key.secret.as_ref()));
            format!("{}:{}:{}\n", key.after, HEXLOWER.encode(&key.value), secret.as_str())
        };
        Zeroizing::new(self.all().map(line).collect())
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        self.older.iter().chain([&self.newest])
    }

    /// The positions from which keys apply, with the values of the chain there.
    pub(super) fn positions(&self) -> impl Iterator<Item = (i64, &[u8])> {
        self.all().map(|key| (key.after, key.value.as_slice()))
    }

    /// Position of the first event whose value is made with a key.
    pub(super) fn keyed_from(&self) -> i64 {
        self.older.first().unwrap_or(&self.newest).after + 1
    }

    /// The value of a row after `previous`.
    pub(super) fn value(&self, previous: &[u8], row: &AuditRow) -> Vec<u8> {
        let newest_first = [&self.newest].into_iter().chain(self.older.iter().rev());
        match newest_first.into_iter().find(|key| key.after < row.seq) {
            Some(key) => key.mac(&chain::row_bytes(ROW, previous, row)),
            None => chain::unkeyed_value(previous, row),
        }
    }

    /// The code that authenticates the two ends of the stored chain.
    pub(super) fn head_mac(&self, head: &AuditHead) -> Vec<u8> {
        self.newest.mac(&head_bytes(head))
    }

    /// Whether the two ends of the chain are those that Rexec wrote.
    pub(super) fn authenticates(&self, head: &AuditHead) -> bool {
        let verifies = |mac: &Vec<u8>| self.newest.verifies(&head_bytes(head), mac);
        head.seq >= self.newest.after && head.mac.as_ref().is_some_and(verifies)
    }

    /// The code of a checkpoint.
    pub(super) fn checkpoint_mac(&self, seq: i64, at: Timestamp, value: &[u8]) -> Vec<u8> {
        self.newest.mac(&checkpoint_bytes(seq, at, value))
    }

    /// Whether a checkpoint was made with one of the keys.
    pub(super) fn made_checkpoint(&self, (seq, at, value): (i64, Timestamp, &[u8]), mac: &[u8]) -> bool {
        self.all().any(|key| key.verifies(&checkpoint_bytes(seq, at, value), mac))
    }
}

fn head_bytes(head: &AuditHead) -> Vec<u8> {
    let (seq, base_seq) = (head.seq.to_be_bytes(), head.base_seq.to_be_bytes());
    encode(HEAD, &[Some(&seq), Some(&head.hash), Some(&base_seq), Some(&head.base_hash)])
}

fn checkpoint_bytes(seq: i64, at: Timestamp, value: &[u8]) -> Vec<u8> {
    encode(CHECKPOINT, &[Some(&seq.to_be_bytes()), Some(&at.millis().to_be_bytes()), Some(value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: i64) -> AuditHead {
        AuditHead { seq, hash: vec![7; 32], base_seq: 0, base_hash: Vec::new(), mac: None }
    }

    #[test]
    fn a_head_is_authentic_only_as_it_was_written_and_under_the_newest_key() {
        let keys = AuditKeys::begin(&head(3));
        let mac = Some(keys.head_mac(&head(5)));
        assert!(keys.authenticates(&AuditHead { mac: mac.clone(), ..head(5) }));
        assert!(!keys.authenticates(&head(5)), "without a code");
        assert!(!keys.authenticates(&AuditHead { mac: mac.clone(), ..head(4) }), "a shorter chain");
        assert!(!keys.authenticates(&AuditHead { mac: mac.clone(), base_seq: 1, ..head(5) }), "a later beginning");
        assert!(!keys.renewed(&head(5)).authenticates(&AuditHead { mac, ..head(5) }));
    }

    #[test]
    fn keys_are_read_as_they_were_written_and_in_order_only() {
        let keys = AuditKeys::begin(&head(3)).renewed(&head(9));
        let (text, same) = (keys.text(), AuditKeys::parse(&keys.text()).unwrap());
        assert_eq!(same.text(), text);
        assert_eq!((same.keyed_from(), same.positions().count()), (4, 2));
        let backwards: String = text.lines().rev().flat_map(|line| [line, "\n"]).collect();
        for bad in [&backwards, "", "3:00:00\n", "x"] {
            assert!(AuditKeys::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{keys:?}"), "AuditKeys(2 keys)");
    }
}
