//! Configuration: `rexec.toml`, then `REXEC_*` variables, then flags. Every mistake is reported at once.

mod value;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::PathBuf,
};

use clap::Args;
use ipnet::IpNet;
use serde::Serialize;

pub use value::{DatabaseUrl, LogFormat};

/// The table of settings: documentation, flag, name, type, and the function that reads the type from text. Everything
/// about a setting follows from its row: a field of [`Config`] and of [`Raw`], the name in the file, the environment
/// variable, and the flag.
macro_rules! settings {
    ($($(#[doc = $doc:expr])* #[arg($($arg:tt)*)] $name:ident: $type:ty = $read:path;)*) => {
        /// The validated configuration of a server.
        #[derive(Debug, Clone)]
        pub struct Config {
            $($(#[doc = $doc])* pub $name: $type,)*
        }

        /// The settings as text, before validation. `None` is the default. The fields with a flag are the flags of the
        /// command line.
        #[derive(Debug, Clone, Default, Serialize, Args)]
        pub struct Raw {
            $(
                $(#[doc = $doc])*
                #[arg($($arg)*)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<String>,
            )*
        }

        /// The names of the settings, as in the file.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        impl Raw {
            /// The setting of that name.
            fn setting(&mut self, name: &str) -> Option<&mut Option<String>> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }

            /// Validates all settings; their mistakes are added to `wrong`.
            fn checked(self, mut wrong: Vec<String>) -> Result<Config, InvalidConfig> {
                $(let $name = $read(self.$name).map_err(|mistakes| {
                    wrong.extend(mistakes.into_iter().map(|why| format!("{}: {why}", stringify!($name))));
                });)*
                match ($($name,)*) {
                    ($(Ok($name),)*) if wrong.is_empty() => Ok(Config { $($name),* }),
                    _ => Err(InvalidConfig(wrong)),
                }
            }
        }
    };
}

settings! {
    /// ADDRESS:PORT to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true)]
    listen: SocketAddr = value::listen;
    /// Directory of database, keys and sockets [default: rexec-data]
    #[arg(long, global = true)]
    data_dir: PathBuf = value::data_dir;
    /// Address that users open in the browser, e.g. https://rexec.example
    #[arg(long, global = true)]
    public_url: Option<String> = value::public_url;
    /// Address of the container engine, e.g. unix:///var/run/docker.sock
    #[arg(long, global = true)]
    docker_host: Option<String> = value::docker_host;
    /// Format of the log: `text` or `json`.
    #[arg(skip)]
    log_format: LogFormat = value::log_format;
    /// PostgreSQL URL; absent: SQLite in the data directory. Holds a password: never printed, and no flag, because
    /// other users of the machine can read command lines.
    #[arg(skip)]
    database_url: Option<DatabaseUrl> = value::database_url;
    /// Proxies whose `X-Forwarded-For` is trusted, such as `10.0.0.0/8, 192.168.1.1`.
    #[arg(skip)]
    trusted_proxies: Vec<IpNet> = value::trusted_proxies;
    /// File to which a checkpoint of the audit log is appended hourly and at shutdown; absent: only the log has them.
    #[arg(skip)]
    audit_checkpoint_file: Option<PathBuf> = value::audit_checkpoint_file;
    /// `tracing` filter, such as `info` or `rexec=debug`.
    #[arg(skip)]
    log: String = value::log;
}

/// Every mistake of a configuration, each with the name of the setting and a valid value.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} mistake(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct InvalidConfig(pub Vec<String>);

/// Reads file, environment and flags, in that order, and validates the result.
///
/// # Errors
/// [`InvalidConfig`] with every mistake.
pub fn load(file: Option<&str>, flags: &Raw) -> Result<Config, InvalidConfig> {
    let named =
        config::File::with_name(file.unwrap_or("rexec.toml")).format(config::FileFormat::Toml).required(file.is_some());
    let variables = config::Environment::with_prefix("REXEC").ignore_empty(true).source(Some(environment()));
    let written = config::Config::try_from(flags)
        .and_then(|flags| config::Config::builder().add_source(named).add_source(variables).add_source(flags).build())
        .and_then(config::Config::try_deserialize::<BTreeMap<String, config::Value>>)
        .map_err(|e| InvalidConfig(vec![e.to_string()]))?;
    let (raw, wrong) = read(written);
    raw.checked(wrong)
}

/// Reads the settings one by one, so that all mistakes are reported.
fn read(written: BTreeMap<String, config::Value>) -> (Raw, Vec<String>) {
    let (mut raw, mut wrong) = (Raw::default(), Vec::new());
    for (name, value) in written {
        match (raw.setting(&name), value.into_string()) {
            (None, _) => wrong.push(format!("{name}: there is no such setting; rexec.example.toml lists them all")),
            (Some(setting), Ok(text)) => *setting = Some(text),
            // The message of the library could contain a password.
            (Some(_), Err(_)) => wrong.push(format!("{name}: write it as text, in quotes")),
        }
    }
    (raw, wrong)
}

/// The environment variables of the settings.
fn variables() -> impl Iterator<Item = String> {
    NAMES.iter().map(|name| format!("REXEC_{}", name.to_uppercase()))
}

/// `REXEC_*` variables that are no settings, usually misspelt ones. The build and the tests use variables with the same
/// prefix, so this is not an error.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut unknown: Vec<_> =
        names.filter(|name| name.starts_with("REXEC_") && variables().all(|known| known != *name)).collect();
    unknown.sort();
    unknown
}

/// The environment variables of the settings that are set.
fn environment() -> HashMap<String, String> {
    variables().filter_map(|name| std::env::var(&name).ok().map(|value| (name, value))).collect()
}

/// Validates raw settings.
///
/// # Errors
/// [`InvalidConfig`] with every mistake.
pub fn check(raw: Raw) -> Result<Config, InvalidConfig> {
    raw.checked(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_match_the_documentation() {
        let config = check(Raw::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(config.database_url.is_none() && config.trusted_proxies.is_empty());
    }

    #[test]
    fn all_mistakes_are_reported_together() {
        let raw = Raw {
            listen: Some("here".into()),
            public_url: Some("ftp://x/y".into()),
            database_url: Some("mysql://x".into()),
            trusted_proxies: Some("10.0.0.0/8, proxy".into()),
            ..Raw::default()
        };
        let InvalidConfig(wrong) = check(raw).unwrap_err();
        assert_eq!(wrong.len(), 4, "{wrong:?}");
    }

    #[test]
    fn mistakes_of_all_kinds_are_reported_together() {
        let text = |s: &str| config::Value::new(None, s);
        let written = BTreeMap::from([
            ("nope".to_owned(), text("1")),
            ("log_format".to_owned(), text("loud")),
            ("docker_host".to_owned(), text("zz")),
            ("public_url".to_owned(), text("http://rexec.example")),
            ("listen".to_owned(), config::Value::new(None, vec!["a", "list"])),
            ("trusted_proxies".to_owned(), text("proxy")),
        ]);
        let (raw, wrong) = read(written);
        let InvalidConfig(wrong) = raw.checked(wrong).unwrap_err();
        assert_eq!(wrong.len(), 6, "{wrong:?}");
    }

    #[test]
    fn a_flag_precedes_the_file_and_the_file_precedes_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rexec.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\nlog_format = \"json\"\ndata_dir = \"here\"\n").unwrap();
        let flags = Raw { listen: Some("127.0.0.1:2".into()), ..Raw::default() };
        let config = load(file.to_str(), &flags).unwrap();
        assert_eq!((config.listen.port(), config.log_format), (2, LogFormat::Json));
        assert_eq!((config.data_dir, config.log), (PathBuf::from("here"), "info".to_owned()));
        let flags = Raw { listen: Some("here".into()), ..Raw::default() };
        let InvalidConfig(wrong) = load(file.to_str(), &flags).unwrap_err();
        assert_eq!(wrong, ["listen: `here` is not ADDRESS:PORT; write for example 127.0.0.1:8080"]);
    }

    #[test]
    fn debug_output_has_no_database_url() {
        let raw = Raw { database_url: Some("postgres://u:hunter2@h/d".into()), ..Raw::default() };
        assert!(!format!("{:?}", check(raw).unwrap()).contains("hunter2"));
    }
}
