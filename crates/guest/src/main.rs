//! The program that is mounted into every container. As PID 1 (`rexec-guest init`) it runs the shells on PTYs, reaps
//! child processes and keeps running while the server is down. Invoked as `sudo` it requests a root command from PID 1.
//!
//! The guest has no notion of locks, users or networks. The server decides who may read and write a terminal.

mod account;
mod children;
mod guest_link;
mod init;
mod input_queue;
mod options;
mod pane;
mod panes;
mod report;
mod shell;
mod sudo;
mod sys;

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let program = args.next().unwrap_or_default();
    let args: Vec<_> = args.collect();
    if Path::new(&program).file_name().is_some_and(|name| name == "sudo") {
        return sudo::client::run(Path::new(options::SUDO_SOCKET_PATH), args);
    }
    match args.first().and_then(|a| a.to_str()) {
        Some("init") => match options::Options::parse(&args[1..]).map_err(|e| e.to_string()) {
            Ok(options) => match init::run(options) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&format!("init failed: {error}")),
            },
            Err(error) => fail(&error),
        },
        // The sudo client runs without privileges, so it may connect to any socket.
        Some("sudo-at") if args.len() > 1 => sudo::client::run(Path::new(&args[1]), args[2..].to_vec()),
        Some("version") => {
            println!("rexec-guest {} guest-link {}", env!("CARGO_PKG_VERSION"), guest_protocol::VERSION);
            ExitCode::SUCCESS
        }
        _ => fail("this program runs as PID 1 of a terminal and is started by the server"),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("rexec-guest: {error}");
    ExitCode::FAILURE
}
