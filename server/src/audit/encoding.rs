//! The bytes of events and ends of the chain whose values are computed.

use sha2::{Digest as _, Sha256};
use store::AuditRow;

/// `label`, then each field with a tag for its presence and its length: different fields never have the same encoding.
pub(super) fn encode(label: &[u8], fields: &[Option<&[u8]>]) -> Vec<u8> {
    let mut bytes = label.to_vec();
    for field in fields {
        match field {
            Some(field) => {
                bytes.push(1);
                bytes.extend((field.len() as u64).to_be_bytes());
                bytes.extend_from_slice(field);
            }
            None => bytes.push(0),
        }
    }
    bytes
}

/// The encoding of a row after `previous`.
pub(super) fn row_bytes(label: &[u8], previous: &[u8], row: &AuditRow) -> Vec<u8> {
    encode(
        label,
        &[
            Some(previous),
            Some(&row.seq.to_be_bytes()),
            Some(&row.at.to_be_bytes()),
            Some(row.event.as_bytes()),
            Some(row.outcome.as_bytes()),
            row.actor.as_deref().map(str::as_bytes),
            row.actor_id.as_ref().map(|id| id.as_bytes().as_slice()),
            row.subject_id.as_ref().map(|id| id.as_bytes().as_slice()),
            row.target.as_deref().map(str::as_bytes),
            row.target_name.as_deref().map(str::as_bytes),
            row.address.as_deref().map(str::as_bytes),
            row.detail.as_deref().map(str::as_bytes),
            row.request_id.as_deref().map(str::as_bytes),
        ],
    )
}

/// The value of a row in versions without keys.
pub(super) fn unkeyed_value(previous: &[u8], row: &AuditRow) -> Vec<u8> {
    Sha256::digest(row_bytes(b"rexec audit 1", previous, row)).to_vec()
}
