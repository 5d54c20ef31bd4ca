//! Configuration: `rexec.toml`, then `REXEC_*` variables, then flags. Every mistake is reported at once.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::PathBuf,
};

use ipnet::IpNet;

/// The validated configuration of a server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Where the database, keys and sockets are.
    pub data_dir: PathBuf,
    /// PostgreSQL URL; absent: SQLite in the data directory. Holds a password: never printed.
    pub database_url: Option<DatabaseUrl>,
    /// The address that users open in the browser; absent: derived from `listen`.
    pub public_url: Option<String>,
    /// Where the engine is; absent: the usual local socket.
    pub docker_host: Option<String>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Format of the log.
    pub log_format: LogFormat,
    /// `tracing` filter, e.g. `info` or `rexec=debug`.
    pub log: String,
}

/// A database URL. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL itself, for the driver.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text lines.
    Text,
    /// One JSON object per line.
    Json,
}

/// The settings before validation. `None` is the default.
#[derive(Debug, Clone, Default)]
pub struct Raw {
    /// `127.0.0.1:8080`
    pub listen: Option<String>,
    /// `/var/lib/rexec`
    pub data_dir: Option<String>,
    /// `postgres://user@host/name`
    pub database_url: Option<String>,
    /// `https://rexec.example`
    pub public_url: Option<String>,
    /// `unix:///var/run/docker.sock`
    pub docker_host: Option<String>,
    /// `10.0.0.0/8, 192.168.1.1`
    pub trusted_proxies: Option<String>,
    /// `text` or `json`
    pub log_format: Option<String>,
    /// `info`
    pub log: Option<String>,
}

/// Every mistake of a configuration, each with the name of the setting and a valid value.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} mistake(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct BadConfig(pub Vec<String>);

/// Reads file and environment, overlays the flags, and validates the result.
///
/// # Errors
/// [`BadConfig`] with every mistake.
pub fn load(file: Option<&str>, flags: Raw) -> Result<Config, BadConfig> {
    let named =
        config::File::with_name(file.unwrap_or("rexec.toml")).format(config::FileFormat::Toml).required(file.is_some());
    let written = config::Config::builder()
        .add_source(named)
        .add_source(config::Environment::with_prefix("REXEC").ignore_empty(true).source(Some(environment())))
        .build()
        .and_then(config::Config::try_deserialize::<BTreeMap<String, config::Value>>)
        .map_err(|e| BadConfig(vec![e.to_string()]))?;
    let (raw, wrong) = read(written);
    checked(overlay(raw, flags), wrong)
}

/// Reads the settings one by one, so that all mistakes are reported.
fn read(written: BTreeMap<String, config::Value>) -> (Raw, Vec<String>) {
    let (mut raw, mut wrong) = (Raw::default(), Vec::new());
    for (name, value) in written {
        let setting = match name.as_str() {
            "listen" => &mut raw.listen,
            "data_dir" => &mut raw.data_dir,
            "database_url" => &mut raw.database_url,
            "public_url" => &mut raw.public_url,
            "docker_host" => &mut raw.docker_host,
            "trusted_proxies" => &mut raw.trusted_proxies,
            "log_format" => &mut raw.log_format,
            "log" => &mut raw.log,
            _ => {
                wrong.push(format!("{name}: there is no such setting; rexec.example.toml lists them all"));
                continue;
            }
        };
        match value.into_string() {
            Ok(text) => *setting = Some(text),
            // The message of the library could contain a password.
            Err(_) => wrong.push(format!("{name}: write it as text, in quotes")),
        }
    }
    (raw, wrong)
}

/// Environment variables of the settings.
const NAMES: [&str; 8] = [
    "REXEC_LISTEN",
    "REXEC_DATA_DIR",
    "REXEC_DATABASE_URL",
    "REXEC_PUBLIC_URL",
    "REXEC_DOCKER_HOST",
    "REXEC_TRUSTED_PROXIES",
    "REXEC_LOG_FORMAT",
    "REXEC_LOG",
];

/// `REXEC_*` variables that are no settings, usually misspelt ones. The build and the tests use variables with the same
/// prefix, so this is not an error.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut unknown: Vec<_> = names.filter(|n| n.starts_with("REXEC_") && !NAMES.contains(&n.as_str())).collect();
    unknown.sort();
    unknown
}

/// The environment variables of the settings that are set.
fn environment() -> HashMap<String, String> {
    NAMES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}

fn overlay(under: Raw, top: Raw) -> Raw {
    Raw {
        listen: top.listen.or(under.listen),
        data_dir: top.data_dir.or(under.data_dir),
        database_url: top.database_url.or(under.database_url),
        public_url: top.public_url.or(under.public_url),
        docker_host: top.docker_host.or(under.docker_host),
        trusted_proxies: top.trusted_proxies.or(under.trusted_proxies),
        log_format: top.log_format.or(under.log_format),
        log: top.log.or(under.log),
    }
}

/// Validates raw settings.
///
/// # Errors
/// [`BadConfig`] with every mistake.
pub fn check(raw: Raw) -> Result<Config, BadConfig> {
    checked(raw, Vec::new())
}

fn checked(raw: Raw, mut wrong: Vec<String>) -> Result<Config, BadConfig> {
    let listen = raw.listen.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listen = listen.parse::<SocketAddr>().map_err(|_| {
        wrong.push(format!("listen: `{listen}` is not ADDRESS:PORT; write for example 127.0.0.1:8080"));
    });
    let public_url = raw.public_url.map(|url| url.trim_end_matches('/').to_owned());
    if let Some(url) = &public_url
        && !is_origin(url)
    {
        wrong.push(format!(
            "public_url: `{url}` is neither https://HOST[:PORT] nor http:// with a loopback name, or has a path"
        ));
    }
    if let Some(host) = raw.docker_host.as_deref().filter(|h| !h.starts_with("unix://") && !h.starts_with("tcp://")) {
        wrong.push(format!("docker_host: `{host}` is neither unix://PATH nor tcp://HOST:PORT"));
    }
    let log_format = match raw.log_format.as_deref() {
        None | Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(other) => {
            wrong.push(format!("log_format: `{other}` is neither text nor json"));
            LogFormat::Text
        }
    };
    if let Some(url) = &raw.database_url
        && !url.starts_with("postgres://")
        && !url.starts_with("postgresql://")
    {
        wrong.push("database_url: only postgres:// URLs; leave it out for the embedded database".to_owned());
    }
    let mut trusted_proxies = Vec::new();
    for hop in raw.trusted_proxies.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|h| !h.is_empty()) {
        match hop.parse::<IpNet>().or_else(|_| hop.parse::<std::net::IpAddr>().map(IpNet::from)) {
            Ok(net) => trusted_proxies.push(net),
            Err(_) => wrong.push(format!("trusted_proxies: `{hop}` is neither an address nor a network")),
        }
    }
    let data_dir = PathBuf::from(raw.data_dir.unwrap_or_else(|| "rexec-data".to_owned()));
    match listen {
        Ok(listen) if wrong.is_empty() => Ok(Config {
            listen,
            data_dir,
            database_url: raw.database_url.map(DatabaseUrl),
            public_url,
            docker_host: raw.docker_host,
            trusted_proxies,
            log_format,
            log: raw.log.unwrap_or_else(|| "info".to_owned()),
        }),
        _ => Err(BadConfig(wrong)),
    }
}

/// Whether browsers accept `Secure` cookies for the URL: https, or a loopback name.
fn is_origin(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let loopback = host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|a| a.is_loopback());
    (uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && loopback))
        && uri.authority().is_some_and(|a| !a.as_str().contains('@') && !a.as_str().is_empty())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none()
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
        let BadConfig(wrong) = check(raw).unwrap_err();
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
        let BadConfig(wrong) = checked(raw, wrong).unwrap_err();
        assert_eq!(wrong.len(), 6, "{wrong:?}");
    }

    #[test]
    fn a_public_url_is_https_or_a_loopback_name() {
        for good in ["https://rexec.example", "https://rexec.example:8443", "http://localhost:8080", "http://[::1]:80"]
        {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["http://rexec.example", "http://10.0.0.1", "https://a@b", "https://a/b", "ftp://x", "x"] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn debug_output_has_no_database_url() {
        let raw = Raw { database_url: Some("postgres://u:hunter2@h/d".into()), ..Raw::default() };
        assert!(!format!("{:?}", check(raw).unwrap()).contains("hunter2"));
    }
}
