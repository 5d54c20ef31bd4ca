//! The program mounted into every container. As PID 1 (`rexec-guest init`) it owns the terminals of the shells,
//! reaps, and outlives the server; called by the name `sudo` it asks PID 1 for a root command.
//!
//! It refuses to know locks, people and networks: who may see a byte is decided by the server.

mod account;
mod children;
mod init;
mod link;
mod options;
mod pane;
mod panes;
mod report;
mod sudo;
mod sys;

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_default();
    let called = Path::new(&name).file_name().unwrap_or_default().to_owned();
    let args: Vec<_> = args.collect();
    if called == "sudo" {
        return sudo::shim::run(Path::new(sudo::SOCKET), args);
    }
    match args.first().and_then(|a| a.to_str()) {
        Some("init") => match options::Options::parse(&args[1..]).map_err(|e| e.to_string()) {
            Ok(options) => match init::run(options) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&format!("cannot run: {error}")),
            },
            Err(error) => fail(&error),
        },
        // The shim has no rights of its own, so where it knocks is nobody's secret.
        Some("sudo-at") if args.len() > 1 => sudo::shim::run(Path::new(&args[1]), args[2..].to_vec()),
        Some("version") => {
            println!("rexec-guest {} link {}", env!("CARGO_PKG_VERSION"), guest_protocol::VERSION);
            ExitCode::SUCCESS
        }
        _ => fail("this is PID 1 of a terminal; it is not started by hand"),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("rexec-guest: {why}");
    ExitCode::FAILURE
}
