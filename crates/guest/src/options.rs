//! Command-line options of `rexec-guest init`. Environment variables are not read, because the image could set them.

use std::{ffi::OsString, fmt, path::PathBuf};

/// Socket of the sudo server. `/run` is a tmpfs, and PID 1 binds the socket before any other process runs.
pub const SUDO_SOCKET_PATH: &str = "/run/rexec-sudo";

/// Options of `rexec-guest init`.
#[derive(Debug, Clone)]
pub struct Options {
    /// Socket of the guest link.
    pub guest_link: PathBuf,
    /// Socket on which the sudo server listens.
    pub sudo_socket: PathBuf,
    /// Account that the shells run as. `None` runs them as the account of this process, which tests use.
    pub user: Option<String>,
    /// Program to start instead of the account's login shell.
    pub shell: Option<PathBuf>,
}

/// An unknown option, or an option without its value.
#[derive(Debug)]
pub struct InvalidOption(String);

impl fmt::Display for InvalidOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown or incomplete option {}", self.0)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            guest_link: "/.rexec/link/s".into(),
            sudo_socket: SUDO_SOCKET_PATH.into(),
            user: Some("user".into()),
            shell: None,
        }
    }
}

impl Options {
    /// Parses `--link PATH --sudo-socket PATH --shell PATH --as-caller`.
    ///
    /// # Errors
    /// [`InvalidOption`] with the first invalid argument.
    pub fn parse(args: &[OsString]) -> Result<Self, InvalidOption> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().map(PathBuf::from).ok_or_else(|| InvalidOption(arg.display().to_string()));
            match arg.to_str() {
                Some("--link") => options.guest_link = value()?,
                Some("--sudo-socket") => options.sudo_socket = value()?,
                Some("--shell") => options.shell = Some(value()?),
                Some("--as-caller") => options.user = None,
                _ => return Err(InvalidOption(arg.display().to_string())),
            }
        }
        Ok(options)
    }
}
