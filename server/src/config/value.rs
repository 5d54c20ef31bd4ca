//! The settings' values: their types, and how each is read from text. Without text a setting has its default.
//!
//! A mistake names a valid value. The name of the setting is put before it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;

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

/// Mistakes in the text of one setting.
pub(super) type Mistakes = Vec<String>;

pub(super) fn listen(text: Option<String>) -> Result<SocketAddr, Mistakes> {
    let text = text.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    text.parse().map_err(|_| vec![format!("`{text}` is not ADDRESS:PORT; write for example 127.0.0.1:8080")])
}

pub(super) fn public_url(text: Option<String>) -> Result<Option<String>, Mistakes> {
    match text.map(|url| url.trim_end_matches('/').to_owned()) {
        Some(url) if !is_origin(&url) => {
            Err(vec![format!("`{url}` is neither https://HOST[:PORT] nor http:// with a loopback name, or has a path")])
        }
        url => Ok(url),
    }
}

pub(super) fn docker_host(text: Option<String>) -> Result<Option<String>, Mistakes> {
    match text {
        Some(host) if !host.starts_with("unix://") && !host.starts_with("tcp://") => {
            Err(vec![format!("`{host}` is neither unix://PATH nor tcp://HOST:PORT")])
        }
        host => Ok(host),
    }
}

pub(super) fn log_format(text: Option<String>) -> Result<LogFormat, Mistakes> {
    match text.as_deref() {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => Err(vec![format!("`{other}` is neither text nor json")]),
    }
}

pub(super) fn database_url(text: Option<String>) -> Result<Option<DatabaseUrl>, Mistakes> {
    match text {
        Some(url) if !url.starts_with("postgres://") && !url.starts_with("postgresql://") => {
            Err(vec!["only postgres:// URLs; leave it out for the embedded database".to_owned()])
        }
        url => Ok(url.map(DatabaseUrl)),
    }
}

pub(super) fn trusted_proxies(text: Option<String>) -> Result<Vec<IpNet>, Mistakes> {
    let (mut networks, mut wrong) = (Vec::new(), Vec::new());
    for hop in text.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|hop| !hop.is_empty()) {
        match hop.parse::<IpNet>().or_else(|_| hop.parse::<IpAddr>().map(IpNet::from)) {
            Ok(network) => networks.push(network),
            Err(_) => wrong.push(format!("`{hop}` is neither an address nor a network")),
        }
    }
    if wrong.is_empty() { Ok(networks) } else { Err(wrong) }
}

pub(super) fn audit_checkpoint_file(text: Option<String>) -> Result<Option<PathBuf>, Mistakes> {
    match text.map(PathBuf::from) {
        Some(file) if !file.is_absolute() => {
            Err(vec![format!("`{}` is no absolute path; write for example /mnt/log/rexec-audit", file.display())])
        }
        file => Ok(file),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every setting is read by a function of this form")]
pub(super) fn data_dir(text: Option<String>) -> Result<PathBuf, Mistakes> {
    Ok(PathBuf::from(text.unwrap_or_else(|| "rexec-data".to_owned())))
}

#[expect(clippy::unnecessary_wraps, reason = "every setting is read by a function of this form")]
pub(super) fn log(text: Option<String>) -> Result<String, Mistakes> {
    Ok(text.unwrap_or_else(|| "info".to_owned()))
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
    fn a_public_url_is_https_or_a_loopback_name() {
        for good in ["https://rexec.example", "https://rexec.example:8443", "http://localhost:8080", "http://[::1]:80"]
        {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["http://rexec.example", "http://10.0.0.1", "https://a@b", "https://a/b", "ftp://x", "x"] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
