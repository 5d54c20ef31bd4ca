//! The security report of a terminal: for each control the requested value, and what engine and guest observe.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Result of comparing a control with the observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    /// In force, confirmed by observation.
    Verified,
    /// Not in force on this host or in this version. The note has the reason.
    NotInForce,
    /// The observation differs from the requested value.
    Differs,
    /// Not observable: the terminal is stopped, or the guest does not respond.
    Unknown,
}

/// One control of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecurityRow {
    /// Stable id, e.g. `capabilities`.
    pub id: String,
    /// Display title.
    pub title: String,
    /// Value that the profile requests.
    pub asked: String,
    /// Value that the engine reports.
    pub outside: Option<String>,
    /// Value that the guest observes inside the container.
    pub inside: Option<String>,
    /// Result of the comparison.
    pub verdict: Verdict,
    /// Points of the score when verified, in tenths.
    pub points: u32,
    /// Why the control is not in force, or what it protects against.
    pub note: String,
}

/// Response of `GET /api/terminals/{id}/security`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecurityReport {
    /// Profile name.
    pub profile: String,
    /// Score of the verified controls in tenths (80 = 8.0 of 10).
    pub score_tenths: u32,
    /// The controls.
    pub rows: Vec<SecurityRow>,
    /// Commands for checking the controls in the terminal.
    pub commands: Vec<String>,
    /// Time of the observation.
    pub at: Timestamp,
}
