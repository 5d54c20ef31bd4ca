//! Why a terminal is in its state. Stored as data; the server derives the sentence for users from it.

use serde::{Deserialize, Serialize};

/// Why a terminal stopped or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// Its container was paused outside of the server; its shells continue when it is started.
    Paused,
    /// Its container and its home no longer exist on the engine.
    Lost,
    /// The engine did not answer in time.
    EngineUnavailable,
    /// The engine does not have the image.
    ImageMissing,
    /// The image requests something that the profile forbids.
    ImageRefused {
        /// What it requests.
        why: String,
    },
    /// The terminal has no container and no home.
    NoContainer,
    /// The container differed from the hardening profile and was destroyed.
    ProfileMismatch {
        /// The first difference.
        difference: String,
    },
    /// The guest did not report in time.
    GuestUnresponsive,
    /// The engine rejected the request.
    EngineRefused,
    /// A sentence that an earlier version stored.
    Other {
        /// The sentence.
        text: String,
    },
}

impl Reason {
    /// The stored form.
    pub(crate) fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The reason column of a row. An unknown reason is read as [`Reason::Other`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredReason(pub Option<Reason>);

impl From<Option<String>> for StoredReason {
    fn from(text: Option<String>) -> Self {
        Self(text.map(|text| serde_json::from_str(&text).unwrap_or(Reason::Other { text })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_stored_and_read_back() {
        for reason in [
            Reason::Paused,
            Reason::ProfileMismatch { difference: "capabilities: all".to_owned() },
            Reason::Other { text: "old".to_owned() },
        ] {
            assert_eq!(StoredReason::from(Some(reason.encode())), StoredReason(Some(reason)));
        }
        let unknown = StoredReason::from(Some("{\"kind\":\"later\"}".to_owned()));
        assert!(matches!(unknown.0, Some(Reason::Other { .. })));
    }
}
