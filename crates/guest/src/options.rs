//! How PID 1 was asked to run. They are arguments and never environment variables: the image could set those.

use std::{ffi::OsString, fmt, path::PathBuf};

/// What `rexec-guest init` takes.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server's socket.
    pub link: PathBuf,
    /// Where the sudo shim finds PID 1.
    pub sudo_socket: PathBuf,
    /// The account every shell runs as; `None` runs them as whoever runs this program (tests).
    pub user: Option<String>,
    /// Program started instead of the account's login shell.
    pub shell: Option<PathBuf>,
}

/// An argument that is not known or lacks its value.
#[derive(Debug)]
pub struct BadOption(String);

impl fmt::Display for BadOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown or incomplete option {}", self.0)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            link: "/.rexec/link/s".into(),
            sudo_socket: crate::sudo::SOCKET.into(),
            user: Some("user".into()),
            shell: None,
        }
    }
}

impl Options {
    /// Reads `--link PATH --sudo-socket PATH --shell PATH --as-caller`.
    ///
    /// # Errors
    /// [`BadOption`] names the first one that is wrong.
    pub fn parse(args: &[OsString]) -> Result<Self, BadOption> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().map(PathBuf::from).ok_or_else(|| BadOption(arg.display().to_string()));
            match arg.to_str() {
                Some("--link") => options.link = value()?,
                Some("--sudo-socket") => options.sudo_socket = value()?,
                Some("--shell") => options.shell = Some(value()?),
                Some("--as-caller") => options.user = None,
                _ => return Err(BadOption(arg.display().to_string())),
            }
        }
        Ok(options)
    }
}
