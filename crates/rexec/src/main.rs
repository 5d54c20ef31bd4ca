//! The binary: the server's library with the site and the guest embedded.
//!
//! This crate contains nothing else, because it is compiled last: the library is compiled in parallel with the site and
//! the guest.
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
