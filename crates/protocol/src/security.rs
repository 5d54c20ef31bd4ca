//! The Security panel: each row of the profile as asked, as seen from outside, as seen from inside.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What comparing a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    /// In force, and seen to be.
    Verified,
    /// Not in force on this host or in this version; the note says why.
    NotInForce,
    /// Seen to differ from what was asked.
    Differs,
    /// Could not be looked at (the terminal is stopped, the guest does not answer).
    Unknown,
}

/// One row of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecurityRow {
    /// Stable name, e.g. `capabilities`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// What the profile asks for.
    pub asked: String,
    /// What the engine says the container has.
    pub outside: Option<String>,
    /// What the guest sees from inside.
    pub inside: Option<String>,
    /// The comparison.
    pub verdict: Verdict,
    /// Points this row gives to the score when verified.
    pub points: u32,
    /// Why it is not in force, or what it protects from.
    pub note: String,
}

/// Answer of `GET /api/terminals/{id}/security`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecurityReport {
    /// Profile name.
    pub profile: String,
    /// Tenths of the published yardstick (80 = 8.0 of 10), from verified rows only.
    pub score_tenths: u32,
    /// The rows.
    pub rows: Vec<SecurityRow>,
    /// Commands to check by hand in the terminal.
    pub commands: Vec<String>,
    /// When it was looked at.
    pub at: Timestamp,
}
