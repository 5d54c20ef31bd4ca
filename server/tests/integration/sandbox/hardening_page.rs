//! `docs/HARDENING.md` is generated from the profile that is applied and verified.

use sandbox::profile::{COMMANDS, Control, STANDARD};

fn table(controls: impl Iterator<Item = &'static Control>, last: fn(&Control) -> &'static str, head: &str) -> String {
    let mut text = format!("| | requested | points | {head} |\n|---|---|---|---|\n");
    for control in controls {
        let points = f64::from(control.points) / 10.0;
        text +=
            &format!("| {} | {} | {points:.1} | {} |\n", control.title, control.requested(&STANDARD), last(control));
    }
    text
}

fn page() -> String {
    let in_force =
        table(STANDARD.controls.iter().filter(|c| c.not_in_force.is_none()), |c| c.protects, "what it protects from");
    let not_in_force = table(
        STANDARD.controls.iter().filter(|c| c.not_in_force.is_some()),
        |c| c.not_in_force.unwrap_or(""),
        "why not",
    );
    format!(
        "# The container profile `{}`\n\n\
         Generated from `crates/sandbox/src/profile/` by `REXEC_WRITE_DOCS=1 cargo test -p server hardening_page`; a test checks that it is current.\n\n\
         Each control is applied, compared with the engine's description of the created container and, where the guest can observe\n\
         it, with the guest's report, before the first use and at every start. A container that differs in any of them is\n\
         removed. The *Security* panel of a terminal shows each control as requested, seen from outside and seen from inside. Points, of\n\
         ten, count for verified controls only; the defaults of an engine have 6.\n\n\
         ## In force\n\n{in_force}\n\
         ## Not in force\n\n\
         They are part of the profile, give no points, and are shown in the panel.\n\n{not_in_force}\n\
         ## Manual check inside a terminal\n\n```\n{}\n```\n",
        STANDARD.name,
        COMMANDS.join("\n"),
    )
}

#[test]
fn the_hardening_page_matches_the_profile() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/HARDENING.md");
    if std::env::var_os("REXEC_WRITE_DOCS").is_some() {
        std::fs::write(file, page()).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        written == page(),
        "docs/HARDENING.md is not current: REXEC_WRITE_DOCS=1 cargo test -p server hardening_page"
    );
}
