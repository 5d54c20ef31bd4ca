//! The binary: the server's library with the site and the guest embedded.
//!
//! Nothing else belongs here. The library compiles while the site and the guest are built, and this crate compiles last.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use rexec::{
    cli,
    serve::{Assets, EmbeddedFile},
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$REXEC_SITE_DIR"]
struct Site;

/// The program that becomes PID 1 of every container.
const GUEST: &[u8] = include_bytes!(env!("REXEC_GUEST_BIN"));

fn site(path: &str) -> Option<EmbeddedFile> {
    Site::get(path)
}

fn main() -> ExitCode {
    cli::run(Assets { site, guest: GUEST })
}
