//! The shape of the tree, read from its sources: layers only point down, and names that must stay inside one folder do.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Low to high. Modules of one row may use each other; nobody may use a row above.
const LAYERS: &[&[&str]] = &[
    &["clock", "config", "secret", "telemetry", "events", "data_dir"],
    &["store"],
    &["audit"],
    &["auth", "mfa"],
    &["access"],
    &["runtime"],
    &["shells"],
    &["services"],
    &["accounts", "terminals", "admin"],
    &["api"],
    &["web"],
    &["serve", "commands"],
    &["cli"],
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_owned()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "dist", "artefacts"].contains(&name.as_ref()) {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    let (root, mut found) = (root(), Vec::new());
    sources(&root.join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has no sources: the test looks in the wrong place");
    found
        .into_iter()
        .map(|p| (p.strip_prefix(&root).unwrap_or(&p).display().to_string(), fs::read_to_string(&p).expect("readable")))
        .collect()
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Module names used through `crate::`, also inside braces: `use crate::{a::B, c}`.
fn used(source: &str) -> Vec<String> {
    let code: String = source.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            names.extend(top_level(list));
        } else {
            names.push(word(rest));
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn top_level(list: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0usize, 0, Vec::new());
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(word(&list[start..i]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(word(&list[start..i]));
                start = i + 1;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn layers_only_point_down() {
    let mut wrong = Vec::new();
    for (path, source) in rust_files("server/src") {
        let inside = path.trim_start_matches("server/src/");
        let own = inside.split(['/', '.']).next().unwrap_or_default().to_owned();
        if own == "main" || own == "lib" {
            continue;
        }
        let Some(own_rank) = rank(&own) else {
            wrong.push(format!("{path}: module `{own}` has no layer; give it one in this test and in lib.rs"));
            continue;
        };
        for name in used(&source) {
            match rank(&name) {
                Some(theirs) if theirs <= own_rank => {}
                Some(_) => wrong.push(format!("{path}: `{own}` must not use `crate::{name}`, which is above it")),
                None => wrong.push(format!("{path}: `crate::{name}` has no layer")),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_layers_can_see() {
    let source = "use crate::{access::{Revocation, Revocations}, store::Db};\nlet x = crate::web::y(); // crate::no\n";
    assert_eq!(used(source), ["access", "store", "web", "no"], "only comment lines are passed over");
    assert_eq!(used("// use crate::web;\nmy_crate::web"), Vec::<String>::new());
}

#[test]
fn every_file_says_what_it_is() {
    let mut silent = Vec::new();
    for folder in ["crates", "app/src", "frontend/src", "server/src", "server/tests"] {
        silent.extend(rust_files(folder).into_iter().filter(|(_, s)| !s.starts_with("//!")).map(|(path, _)| path));
    }
    assert!(silent.is_empty(), "no `//!` at the top:\n{}", silent.join("\n"));
}

/// The absences of docs/ARCHITECTURE.md.
#[test]
fn some_names_stay_inside_their_folder() {
    let only = [
        ("bollard", "server/src/runtime/docker"),
        ("sqlx::", "server/src/store"),
        ("Authorized<Attach> {", "server/src/access"),
        ("SecondFactor {", "server/src/mfa"),
        // Pages are shown by the outermost layer alone.
        ("app::", "server/src/web"),
        ("leptos", "server/src/web"),
        // Routes are mounted where they are documented (`routes!`), and what pages need around them.
        (".route(", "server/src/api/mod.rs"),
        (".route_service(", "nowhere"),
        (".nest(", "nowhere"),
        (".nest_service(", "nowhere"),
    ];
    let mut wrong = Vec::new();
    for (path, source) in rust_files("server/src") {
        // What is only compiled for tests builds what it likes.
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (name, folder) in only {
            if !path.starts_with(folder) && code.lines().any(|line| names(line, name)) {
                wrong.push(format!("{path} names `{name}`, which belongs to {folder}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether a line of code has the name as a word of its own. A function may return or take a type whose building is meant
/// (a name with a brace); a comment may have any.
fn names(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    if name.ends_with('{') && ["->", "impl ", "for "].iter().any(|word| code.contains(word)) {
        return false;
    }
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        name.starts_with('.') || !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn the_reader_of_names_can_see() {
    assert!(names("fn x() -> bollard::Docker;", "bollard") && names("impl From<bollard::E> for X {", "bollard"));
    assert!(names("use app::shell;", "app::") && !names("use myapp::shell;", "app::") && !names("// app::x", "app::"));
    assert!(names("let x = SecondFactor { y };", "SecondFactor {"));
    assert!(!names("fn f() -> SecondFactor {", "SecondFactor {") && !names("impl SecondFactor {", "SecondFactor {"));
    assert!(names("        .route(\"/x\", get(y))", ".route("));
}
