//! The command line: `serve`, `doctor`, `config check`, `admin reset-link`, `audit`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    commands, config,
    serve::{self, Assets},
};

/// Hardened container terminals in the browser, each protected by its own MFA lock.
#[derive(Parser)]
#[command(name = "rexec", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages, API and terminals until a signal stops the server.
    Serve,
    /// Examine engine, hardening and database of this machine. The exit status is 1 when something is broken.
    Doctor {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Commands about the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Administration on the server itself.
    Admin {
        #[command(subcommand)]
        action: AdminCommand,
    },
    /// Verification of the audit log.
    Audit {
        #[command(subcommand)]
        action: AuditAction,
    },
}

#[derive(Subcommand)]
enum AuditAction {
    /// Verify the audit log. The exit status is 1 when it is broken.
    Verify {
        /// File of checkpoints, or a log with them, that must be on the audit log.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
    },
    /// Print a checkpoint: a line to keep elsewhere.
    Checkpoint,
    /// Make a new key for the events from now on, while no server runs.
    NewKey,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the configuration, and report every mistake in it.
    Check,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Print a one-time link that sets a new password for USER.
    ResetLink {
        /// Account name.
        user: String,
    },
}

#[derive(Args)]
struct Settings {
    /// Configuration file [default: rexec.toml, if it exists]
    #[arg(long, global = true)]
    config: Option<String>,
    #[command(flatten)]
    flags: config::Raw,
}

impl Settings {
    fn load(&self) -> Result<config::Config, config::InvalidConfig> {
        config::load(self.config.as_deref(), &self.flags)
    }
}

/// Parses the command line and runs its command.
#[tokio::main]
pub async fn run(assets: Assets) -> ExitCode {
    let cli = Cli::parse();
    let config = match cli.settings.load() {
        Ok(config) => config,
        Err(wrong) => return failed(&wrong.into()),
    };
    let done = match cli.command {
        Command::Serve => serve::run(config, assets).await,
        Command::Doctor { json } => commands::doctor(&config, json).await,
        Command::Config { command: ConfigCommand::Check } => commands::config_check(&config),
        Command::Audit { action } => match action {
            AuditAction::Verify { checkpoint } => commands::audit::verify(&config, checkpoint.as_deref()).await,
            AuditAction::Checkpoint => commands::audit::checkpoint(&config).await,
            AuditAction::NewKey => commands::audit::new_key(&config).await,
        },
        Command::Admin { action: AdminCommand::ResetLink { user } } => commands::reset_link(config, &user).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of standard output closed the pipe.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("rexec: {error:#}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_of_the_audit_log_take_their_flags_in_any_order() {
        Cli::command().debug_assert();
        for words in [
            ["rexec", "audit", "verify", "--checkpoint", "kept", "--data-dir", "here"],
            ["rexec", "--data-dir", "here", "audit", "verify", "--checkpoint", "kept"],
        ] {
            let cli = Cli::try_parse_from(words).unwrap();
            let Command::Audit { action: AuditAction::Verify { checkpoint } } = cli.command else {
                panic!("{words:?}")
            };
            assert_eq!(checkpoint, Some(PathBuf::from("kept")));
            assert_eq!(cli.settings.flags.data_dir.as_deref(), Some("here"));
        }
    }
}
