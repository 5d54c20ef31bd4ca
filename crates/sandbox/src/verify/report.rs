//! The security report, and its score. Points count for verified controls only.

use guest_protocol::GuestReport;
use protocol::{
    Timestamp,
    security::{SecurityReport, SecurityRow, Verdict},
};

use super::{Check, Intended, Observed, inside::user_map, verify_inside};
use crate::profile::{COMMANDS, Control};

/// Controls that are verified only when the guest's report agrees with the engine's description.
const REQUIRES_GUEST_REPORT: &[&str] = &[
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

/// Length of a text about what the guest sees, in characters.
const INSIDE_CHARS_MAX: usize = 300;

/// The report of one terminal. `inside` is `None` when the terminal is stopped or its guest does not answer.
pub fn report(intended: &Intended, observed: &Observed, inside: Option<&GuestReport>, at: Timestamp) -> SecurityReport {
    let inside_checks = inside.map(|report| verify_inside(intended, report)).unwrap_or_default();
    let row = |control: &Control| {
        let outside_check = decisive(&observed.checks, control.id);
        let inside_check = decisive(&inside_checks, control.id);
        let mut row = SecurityRow {
            id: control.id.to_owned(),
            title: control.title.to_owned(),
            asked: control.requested(&intended.profile),
            outside: outside_check.map(|check| check.observed.clone()),
            inside: inside_check.map(|check| sanitized(&check.observed)),
            verdict: verdict(control.id, outside_check, inside_check),
            points: control.points,
            note: control.protects.to_owned(),
        };
        if let Some(reason) = control.not_in_force {
            (row.outside, row.inside) = (None, None);
            (row.verdict, row.note) = (Verdict::NotInForce, reason.to_owned());
            add_host_control(&mut row, control, observed, inside);
        } else if control.id == "block_io" && intended.block_io_weight == 0 {
            row.verdict = Verdict::NotInForce;
            row.note = "Not in force: this host's kernel has no block I/O weight.".to_owned();
        }
        row
    };
    let rows: Vec<SecurityRow> = intended.profile.controls.iter().map(row).collect();
    let verified = rows.iter().filter(|row| row.verdict == Verdict::Verified);
    SecurityReport {
        profile: intended.profile.name.to_owned(),
        score_tenths: verified.map(|row| row.points).sum(),
        rows,
        commands: COMMANDS.iter().map(|c| (*c).to_owned()).collect(),
        at,
    }
}

/// A text that the container may have chosen: without control characters, and cut.
fn sanitized(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(INSIDE_CHARS_MAX).collect()
}

/// The check that decides for a control: a failed one if there is any.
fn decisive<'a>(checks: &'a [Check], control: &str) -> Option<&'a Check> {
    let mut of_control = checks.iter().filter(|check| check.control == control);
    let first = of_control.clone().next();
    of_control.find(|check| !check.matches).or(first)
}

fn verdict(control: &str, outside: Option<&Check>, inside: Option<&Check>) -> Verdict {
    let differs = |check: Option<&Check>| check.is_some_and(|check| !check.matches);
    if differs(outside) || differs(inside) {
        Verdict::Differs
    } else if outside.is_none() || (inside.is_none() && REQUIRES_GUEST_REPORT.contains(&control)) {
        Verdict::Unknown
    } else {
        Verdict::Verified
    }
}

/// Some hosts provide a control that the profile does not request. Then it is shown, and its points count.
fn add_host_control(row: &mut SecurityRow, control: &Control, observed: &Observed, inside: Option<&GuestReport>) {
    let provided = match control.id {
        "mac" => {
            row.outside = Some(observed.mac_label.clone().unwrap_or_else(|| "none".to_owned()));
            observed.mac_label.is_some()
        }
        "user_namespace" => match inside.and_then(user_map) {
            Some((remapped, text)) => {
                row.inside = Some(text);
                remapped
            }
            None => false,
        },
        _ => false,
    };
    if provided {
        (row.verdict, row.note) = (Verdict::Verified, control.protects.to_owned());
    }
}
