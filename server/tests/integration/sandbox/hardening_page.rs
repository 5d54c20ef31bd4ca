//! `docs/HARDENING.md` is generated from the profile that is applied and verified.

use sandbox::profile::{COMMANDS, Row, STANDARD};

fn table(rows: impl Iterator<Item = &'static Row>, last: fn(&Row) -> &'static str, head: &str) -> String {
    let mut text = format!("| | asked for | points | {head} |\n|---|---|---|---|\n");
    for row in rows {
        let points = f64::from(row.points) / 10.0;
        text += &format!("| {} | {} | {points:.1} | {} |\n", row.title, row.asked, last(row));
    }
    text
}

fn page() -> String {
    let in_force =
        table(STANDARD.rows.iter().filter(|row| row.pending.is_none()), |row| row.protects, "what it stands against");
    let pending =
        table(STANDARD.rows.iter().filter(|row| row.pending.is_some()), |row| row.pending.unwrap_or(""), "why not");
    format!(
        "# The container profile `{}`\n\n\
         Made from `server/src/runtime/hardening.rs` by `REXEC_WRITE_DOCS=1 cargo test -p server hardening_page`; a test compares the two.\n\n\
         Each row is applied, compared with the engine's own description after the container was made, and, where it can be seen\n\
         from inside, with what the guest reports, before the first use and again at every start. A container that differs in any of them is\n\
         destroyed. The *Security* panel of a terminal shows each row as asked, seen outside and seen inside. Points, of ten, count only\n\
         for what was verified; the plain defaults of an engine come to 6.\n\n\
         ## In force\n\n{in_force}\n\
         ## Not in force\n\n\
         They have their place in the profile, give no points, and are said in the panel.\n\n{pending}\n\
         ## To check by hand, inside a terminal\n\n```\n{}\n```\n",
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
        "docs/HARDENING.md is not the profile: REXEC_WRITE_DOCS=1 cargo test -p server hardening_page"
    );
}
