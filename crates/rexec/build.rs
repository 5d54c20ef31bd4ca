//! Locates the files that the binary embeds: the site and the guest. A build without them still compiles (for checks
//! and unit tests), but the binary refuses to serve.

use std::{env, fs, path::PathBuf};

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let root = manifest.ancestors().nth(2).map(PathBuf::from).unwrap_or_default();
    for name in ["REXEC_SITE_DIR", "REXEC_GUEST_BIN"] {
        println!("cargo:rerun-if-env-changed={name}");
    }

    let site = env::var_os("REXEC_SITE_DIR").map_or_else(|| root.join("target/site"), PathBuf::from);
    println!("cargo:rerun-if-changed={}", site.display());
    let site = if site.join("pkg").is_dir() { site } else { empty_dir(&out) };
    println!("cargo:rustc-env=REXEC_SITE_DIR={}", site.display());

    let guest = env::var_os("REXEC_GUEST_BIN").map_or_else(|| root.join("target/guest-bin/rexec-guest"), PathBuf::from);
    println!("cargo:rerun-if-changed={}", guest.display());
    let guest = if guest.is_file() { guest } else { empty_file(&out) };
    println!("cargo:rustc-env=REXEC_GUEST_BIN={}", guest.display());
}

fn empty_dir(out: &std::path::Path) -> PathBuf {
    let dir = out.join("no-site");
    fs::create_dir_all(&dir).expect("the build folder can be written");
    dir
}

fn empty_file(out: &std::path::Path) -> PathBuf {
    let file = out.join("no-guest");
    fs::write(&file, b"").expect("the build folder can be written");
    file
}
