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

/// What the guest sees from inside the container. Hostile input: a report, not a proof.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InsideReport {
    /// `CapPrm` of PID 1, 16 hexadecimal digits.
    pub cap_permitted: String,
    /// `CapBnd` of PID 1.
    pub cap_bounding: String,
    /// `NoNewPrivs` of PID 1.
    pub no_new_privs: bool,
    /// `Seccomp` mode of PID 1 (2 = filter).
    pub seccomp_mode: u8,
    /// Lines of `/proc/self/mountinfo`, at most 128 of them.
    pub mounts: Vec<String>,
    /// Lines of `/proc/self/uid_map`.
    pub uid_map: Vec<String>,
    /// `/proc/self/limits` as (name, soft, hard).
    pub limits: Vec<(String, String, String)>,
    /// The root filesystem refused a write.
    pub root_read_only: bool,
    /// cgroup limit on processes, when visible.
    pub pids_max: Option<String>,
    /// cgroup limit on memory in bytes, when visible.
    pub memory_max: Option<String>,
    /// `net.ipv4.ip_unprivileged_port_start`.
    pub unprivileged_port_start: Option<u32>,
    /// Uid of the shell's user.
    pub shell_uid: Option<u32>,
}
