//! What neither the compiler nor `scripts/test/layers.mjs` checks about the structure: the order of modules inside the server,
//! and names that may only occur in one folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Modules of the server from low to high: the list that the documentation refers to. A module may use its own row and
/// the rows above.
const LAYERS: &[&[&str]] = &[
    &["budgets", "config", "telemetry", "events", "data_dir", "operations", "reconciler_state", "engine_sentences"],
    &["audit"],
    &["auth", "mfa"],
    &["services"],
    &["accounts", "terminals", "admin"],
    &["problem"],
    &["http"],
    &["serve", "commands"],
    &["cli"],
];

/// Names, and the only folder or file whose code may use them.
const CONFINED: &[(&str, &str)] = &[
    ("bollard", "crates/sandbox/src/docker"),
    ("sqlx::", "crates/store/src"),
    ("app::", "server/src/http/pages"),
    ("leptos", "server/src/http/pages"),
    // Routes are mounted together with their documentation (`routes!`).
    (".route(", "server/src/http/api.rs"),
    (".route_service(", "nowhere"),
    (".nest(", "nowhere"),
    (".nest_service(", "nowhere"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_owned()
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "dist", "artefacts"].contains(&name.as_ref()) {
                collect(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// Paths below the workspace, and contents.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let (root, mut found) = (root(), Vec::new());
    collect(&root.join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has no Rust files");
    found
        .into_iter()
        .map(|p| (p.strip_prefix(&root).unwrap_or(&p).display().to_string(), fs::read_to_string(&p).expect("readable")))
        .collect()
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Paths used through `crate::`, up to two segments, also inside braces: `use crate::{a::B, c}` gives `a::B` and `c`.
fn used(source: &str) -> Vec<String> {
    let code: String = source.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => paths.extend(entries(list).into_iter().map(segments)),
            None => paths.push(segments(rest)),
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

/// The first one or two segments of a path.
fn segments(text: &str) -> String {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let first = word(text.trim_start());
    let second = text.trim_start()[first.len()..].strip_prefix("::").map(word).unwrap_or_default();
    if second.is_empty() { first } else { format!("{first}::{second}") }
}

/// The entries of a list in braces whose opening brace is left out.
fn entries(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0usize, 0, Vec::new());
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&list[start..i]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&list[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn modules_of_the_server_only_use_lower_layers() {
    let mut wrong = Vec::new();
    for (path, source) in rust_files("server/src") {
        let inside = path.trim_start_matches("server/src/");
        let own = inside.split(['/', '.']).next().unwrap_or_default().to_owned();
        if own == "main" || own == "lib" {
            continue;
        }
        let Some(own_rank) = rank(&own) else {
            wrong.push(format!("{path}: module `{own}` has no layer; add it to LAYERS and to lib.rs"));
            continue;
        };
        for used in used(&source) {
            let module = used.split("::").next().unwrap_or_default();
            match rank(module) {
                Some(theirs) if theirs <= own_rank => {}
                Some(_) => {
                    wrong.push(format!("{path}: `{own}` must not use `crate::{used}`, which is in a higher layer"))
                }
                None => wrong.push(format!("{path}: `crate::{used}` has no layer")),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn used_paths_are_read_from_imports_and_expressions() {
    let source =
        "use crate::{access::{Revocation, Revocations}, store::Db, c};\nlet x = crate::web::y(); // crate::no\n";
    assert_eq!(used(source), ["access", "store::Db", "c", "web::y", "no"], "only whole comment lines are skipped");
    assert_eq!(used("// use crate::web;\nmy_crate::web"), Vec::<String>::new());
}

#[test]
fn every_file_has_module_documentation() {
    let mut missing = Vec::new();
    for folder in ["crates", "app/src", "frontend/src", "server/src", "server/tests"] {
        missing.extend(rust_files(folder).into_iter().filter(|(_, s)| !s.starts_with("//!")).map(|(path, _)| path));
    }
    assert!(missing.is_empty(), "no `//!` at the top:\n{}", missing.join("\n"));
}

#[test]
fn confined_names_stay_in_their_folder() {
    let mut wrong = Vec::new();
    for (path, source) in rust_files("server/src").into_iter().chain(rust_files("crates")) {
        if !path.contains("/src/") {
            continue;
        }
        // Test code is exempt.
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (name, folder) in CONFINED {
            if !path.starts_with(folder) && code.lines().any(|line| contains_name(line, name)) {
                wrong.push(format!("{path} uses `{name}`, which is confined to {folder}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether the code of a line, without its comment, contains the name as a separate word.
fn contains_name(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        name.starts_with('.') || !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn names_are_found_as_separate_words_outside_comments() {
    assert!(contains_name("fn x() -> bollard::Docker;", "bollard"));
    assert!(contains_name("use app::shell;", "app::"));
    assert!(!contains_name("use myapp::shell;", "app::") && !contains_name("// app::x", "app::"));
    assert!(contains_name("        .route(\"/x\", get(y))", ".route("));
}

/// Changes of the engine go through the reconciler, so that they follow the record and run one after the other.
#[test]
fn only_the_reconciler_changes_the_engine() {
    let calls = ["create", "start", "stop", "delete", "set_limits"].map(|call| format!("engine.{call}("));
    let mut callers = 0;
    for (path, source) in rust_files("server/src") {
        let found = calls.iter().filter(|call| source.contains(call.as_str())).count();
        callers += found;
        assert!(found == 0 || path.starts_with("server/src/terminals/reconciler/"), "{path} changes the engine");
    }
    assert!(callers >= calls.len(), "the calls are found where they are");
}
