//! Checkpoints: lines that name an event and its value. Kept elsewhere, they show that the log was rebuilt or cut, also
//! by somebody who has its key.

use std::fmt;

use data_encoding::HEXLOWER;
use protocol::Timestamp;
use serde_json::Value;
use store::AuditHead;

use super::keys::AuditKeys;

/// Begins a checkpoint in a line.
const MARK: &str = "rexec-checkpoint";

/// The end of the chain at an instant. As text: the mark, position, time, value and authentication code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Position of the last event; 0 when there was none.
    pub seq: i64,
    /// When the checkpoint was made.
    pub at: Timestamp,
    /// Value of the chain at the position.
    pub value: Vec<u8>,
    /// Authenticates the others with the key of the audit log.
    pub mac: Vec<u8>,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.value.is_empty() { "-".to_owned() } else { HEXLOWER.encode(&self.value) };
        write!(f, "{MARK} {} {} {value} {}", self.seq, self.at, HEXLOWER.encode(&self.mac))
    }
}

impl Checkpoint {
    /// A checkpoint of the end `head`.
    pub(super) fn new(keys: &AuditKeys, head: &AuditHead, at: Timestamp) -> Self {
        let mac = keys.checkpoint_mac(head.seq, at, &head.hash);
        Self { seq: head.seq, at, value: head.hash.clone(), mac }
    }

    /// Reads the four words after the mark.
    fn parse(words: &str) -> Option<Self> {
        let mut words = words.split_whitespace();
        let (seq, at, value, mac) = (words.next()?, words.next()?, words.next()?, words.next()?);
        // The line of a log may go on after the last digit.
        let mac = mac.split(|c: char| !c.is_ascii_hexdigit()).next()?;
        Some(Self {
            seq: seq.parse().ok()?,
            at: serde_json::from_value(Value::String(at.to_owned())).ok()?,
            value: if value == "-" { Vec::new() } else { HEXLOWER.decode(value.as_bytes()).ok()? },
            mac: HEXLOWER.decode(mac.as_bytes()).ok()?,
        })
    }
}

/// Why a text has no usable checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoints {
    /// No line has a checkpoint.
    #[error("there is no checkpoint in it")]
    None,
    /// The checkpoint of this line was not made with a key of this audit log, or was changed.
    #[error("the checkpoint in line {0} was changed, or is not one of this audit log and its keys")]
    Line(usize),
}

/// Reads the checkpoints of a text.
pub(super) fn read(keys: &AuditKeys, text: &str) -> Result<Vec<Checkpoint>, BadCheckpoints> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((_, words)) = line.split_once(MARK) else { continue };
        let made = |c: &Checkpoint| keys.made_checkpoint((c.seq, c.at, &c.value), &c.mac);
        found.push(Checkpoint::parse(words).filter(made).ok_or(BadCheckpoints::Line(number + 1))?);
    }
    if found.is_empty() { Err(BadCheckpoints::None) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FINDINGS L11.
    #[test]
    fn checkpoints_are_read_from_files_and_logs_and_not_when_changed() {
        let head = AuditHead { seq: 0, hash: Vec::new(), base_seq: 0, base_hash: Vec::new(), mac: None };
        let keys = AuditKeys::begin(&head);
        let now = Timestamp::from_millis(1_795_000_000_123);
        let empty = Checkpoint::new(&keys, &head, now);
        let made = Checkpoint::new(&keys, &AuditHead { seq: 7, hash: vec![9; 32], ..head }, now);
        let json = format!(r#"{{"level":"INFO","fields":{{"checkpoint":"{made}"}}}}"#);
        let text = format!("some other line\n{empty}\n\n{json}\n{made}");
        assert_eq!(read(&keys, &text), Ok(vec![empty, made.clone(), made]));
        assert_eq!(read(&keys, &text.replace(" 7 ", " 8 ")), Err(BadCheckpoints::Line(4)));
        assert_eq!(read(&keys, "some other line\n"), Err(BadCheckpoints::None));
        assert_eq!(read(&keys, "rexec-checkpoint 0 now"), Err(BadCheckpoints::Line(1)));
    }
}
