//! Checkpoints: lines that name an event and its value. Kept elsewhere, they show that the log was rebuilt or cut, also
//! by somebody who has its key.

use std::fmt;

use data_encoding::HEXLOWER;
use protocol::Timestamp;
use serde_json::Value;
use store::StoreError;

use super::AuditLog;

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

/// Reads the checkpoints of a text, such as a file of checkpoints or a part of the server's log.
///
/// # Errors
/// [`BadCheckpoints`].
pub fn read_checkpoints(log: &AuditLog, text: &str) -> Result<Vec<Checkpoint>, BadCheckpoints> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((_, words)) = line.split_once(MARK) else { continue };
        let made = |c: &Checkpoint| log.keys.made_checkpoint((c.seq, c.at, &c.value), &c.mac);
        found.push(Checkpoint::parse(words).filter(made).ok_or(BadCheckpoints::Line(number + 1))?);
    }
    if found.is_empty() { Err(BadCheckpoints::None) } else { Ok(found) }
}

/// Why no checkpoint was made.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The end of the chain is not the one that Rexec wrote.
    #[error("the end of the audit log was changed outside Rexec; see `rexec audit verify`")]
    NotAuthentic,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a checkpoint of the present end. Later verifications of this process include it.
///
/// # Errors
/// [`CheckpointError`].
pub async fn checkpoint(log: &AuditLog, now: Timestamp) -> Result<Checkpoint, CheckpointError> {
    let earlier = log.latest_checkpoint();
    let head = log.db.read().await?.audit_head().await?;
    if !log.keys.authenticates(&head) || earlier.is_some_and(|earlier| head.seq < earlier.seq) {
        return Err(CheckpointError::NotAuthentic);
    }
    let mac = log.keys.checkpoint_mac(head.seq, now, &head.hash);
    let made = Checkpoint { seq: head.seq, at: now, value: head.hash, mac };
    log.set_latest_checkpoint(made.clone());
    Ok(made)
}

#[cfg(test)]
mod tests {
    use store::{AuditHead, Db};

    use super::*;
    use crate::audit::{AuditKeys, establish};

    /// FINDINGS L11.
    #[tokio::test]
    async fn checkpoints_are_read_from_files_and_logs_and_not_when_changed() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
        let head = AuditHead { seq: 0, hash: Vec::new(), base_seq: 0, base_hash: Vec::new(), mac: None };
        let log = AuditLog::new(db, AuditKeys::begin(&head));
        let now = Timestamp::from_millis(1_795_000_000_123);
        assert!(matches!(checkpoint(&log, now).await, Err(CheckpointError::NotAuthentic)));
        establish(&log, folder.path()).await.unwrap();
        let made = checkpoint(&log, now).await.unwrap();
        let json = format!(r#"{{"level":"INFO","fields":{{"checkpoint":"{made}"}}}}"#);
        let text = format!("some other line\n{made}\n\n{json}\n");
        assert_eq!(read_checkpoints(&log, &text), Ok(vec![made.clone(), made.clone()]));
        let later = text.replace(" 0 ", " 1 ");
        assert_eq!(read_checkpoints(&log, &later), Err(BadCheckpoints::Line(2)));
        assert_eq!(read_checkpoints(&log, "some other line\n"), Err(BadCheckpoints::None));
        assert_eq!(read_checkpoints(&log, "rexec-checkpoint 0 now"), Err(BadCheckpoints::Line(1)));
    }
}
