//! The Security panel's report, and the score: from what was verified, never from what was asked for.

use guest_protocol::GuestReport;
use protocol::{
    Timestamp,
    security::{SecurityReport, SecurityRow, Verdict},
};
use serde_json::Value;

use super::{Intended, Look, inside::user_map, verify_inside, verify_outside};
use crate::profile::{COMMANDS, Row};

/// Rows that are verified only when the guest's word agrees with the engine's.
const NEEDS_INSIDE: &[&str] = &[
    "capabilities",
    "privileges",
    "seccomp",
    "root_filesystem",
    "tmpfs",
    "home",
    "masked_paths",
    "read_only_paths",
    "mounts",
    "ulimits",
    "user",
];

/// The report of one terminal. `inside` is absent when the terminal is stopped or its guest does not answer.
pub fn report(intended: &Intended, description: &Value, inside: Option<&GuestReport>, at: Timestamp) -> SecurityReport {
    let outside_looks = verify_outside(intended, description);
    let inside_looks = inside.map(|report| verify_inside(intended, report)).unwrap_or_default();
    let rows: Vec<SecurityRow> = intended
        .profile
        .rows
        .iter()
        .map(|row| {
            let outside = worst(&outside_looks, row.id);
            let within = worst(&inside_looks, row.id);
            match row.pending {
                Some(why) => pending(row, why, description, inside),
                None if row.id == "block_io" && intended.block_io_weight == 0 => {
                    let why = "Not in force: this host's kernel has no block I/O weight.";
                    shown(row, outside, within, Verdict::NotInForce, why)
                }
                None => shown(row, outside, within, verdict(row.id, outside, within), row.protects),
            }
        })
        .collect();
    let verified = rows.iter().filter(|row| row.verdict == Verdict::Verified);
    SecurityReport {
        profile: intended.profile.name.to_owned(),
        score_tenths: verified.map(|row| row.points).sum(),
        rows,
        commands: COMMANDS.iter().map(|c| (*c).to_owned()).collect(),
        at,
    }
}

/// A row may have several looks (the sweep adds one); a wrong one stands for all.
fn worst<'a>(looks: &'a [Look], row: &str) -> Option<&'a Look> {
    let mut of_row = looks.iter().filter(|look| look.row == row);
    let first = of_row.clone().next();
    of_row.find(|look| !look.right).or(first)
}

fn verdict(row: &str, outside: Option<&Look>, inside: Option<&Look>) -> Verdict {
    let wrong = |look: Option<&Look>| look.is_some_and(|look| !look.right);
    if wrong(outside) || wrong(inside) {
        Verdict::Differs
    } else if outside.is_none() || (inside.is_none() && NEEDS_INSIDE.contains(&row)) {
        Verdict::Unknown
    } else {
        Verdict::Verified
    }
}

fn shown(row: &Row, outside: Option<&Look>, inside: Option<&Look>, verdict: Verdict, note: &str) -> SecurityRow {
    SecurityRow {
        id: row.id.to_owned(),
        title: row.title.to_owned(),
        asked: row.asked.to_owned(),
        outside: outside.map(|look| look.seen.clone()),
        inside: inside.map(|look| look.seen.clone()),
        verdict,
        points: row.points,
        note: note.to_owned(),
    }
}

/// Rows this version does not ask for itself. Two of them some hosts provide; then they are shown, and count.
fn pending(row: &Row, why: &str, description: &Value, inside: Option<&GuestReport>) -> SecurityRow {
    let mut shown = shown(row, None, None, Verdict::NotInForce, why);
    match row.id {
        "mac" => {
            let profile = ["AppArmorProfile", "ProcessLabel"]
                .into_iter()
                .filter_map(|key| description[key].as_str())
                .find(|label| !label.is_empty() && *label != "unconfined");
            shown.outside = Some(profile.unwrap_or("none").to_owned());
            if profile.is_some() {
                (shown.verdict, shown.note) = (Verdict::Verified, row.protects.to_owned());
            }
        }
        "user_namespace" => {
            if let Some((remapped, words)) = inside.and_then(user_map) {
                shown.inside = Some(words);
                if remapped {
                    (shown.verdict, shown.note) = (Verdict::Verified, row.protects.to_owned());
                }
            }
        }
        _ => {}
    }
    shown
}
