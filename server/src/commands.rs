//! The commands besides `serve`. They print to standard output and report when writing to it fails.

pub mod audit;

use std::io::{Write as _, stdout};

use anyhow::Result;
use protocol::admin::{Finding, Level};
use sandbox::{docker, profile::STANDARD};
use store::Db;

use crate::{
    admin::users,
    config::{self, Config},
    data_dir::DataDir,
    services::Origins,
};

/// `rexec doctor`: examines engine, hardening and database of this machine. Exits with 1 when something is broken.
///
/// # Errors
/// When a finding is [`Level::Broken`].
pub async fn doctor(config: &Config, json: bool) -> Result<()> {
    let mut findings = docker::probe(config.docker_host.as_deref(), &STANDARD).await;
    findings.push(database(config).await);
    if json {
        writeln!(stdout(), "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        findings.iter().try_for_each(|f| writeln!(stdout(), "{}", line(f)))?;
    }
    let broken = findings.iter().filter(|f| f.level == Level::Broken).count();
    anyhow::ensure!(broken == 0, "{broken} finding(s) are broken");
    Ok(())
}

/// Examines the database without creating or migrating it.
async fn database(config: &Config) -> Finding {
    let file = config.data_dir.join("rexec.db");
    let seen = match &config.database_url {
        Some(url) => Db::inspect_postgres(url.reveal()).await.map(Some),
        None if file.exists() => Db::inspect_sqlite(&file).await.map(Some),
        None => Ok(None),
    };
    let none = format!("none yet in {}; the first start makes it", config.data_dir.display());
    let (seen, level, advice) = match seen {
        Ok(Some(version)) => (version, Level::Good, None),
        Ok(None) => (none, Level::Good, None),
        Err(error) => {
            let why = anyhow::Error::from(error);
            let advice = "Name it with REXEC_DATABASE_URL, or the folder it is in with REXEC_DATA_DIR.";
            (format!("{why:#}"), Level::Broken, Some(advice.to_owned()))
        }
    };
    Finding { id: "database".into(), title: "Database".into(), seen, level, advice }
}

fn line(finding: &Finding) -> String {
    let mark = match finding.level {
        Level::Good => "ok     ",
        Level::Warning => "weaker ",
        Level::Broken => "BROKEN ",
    };
    let advice = finding.advice.as_deref().map(|a| format!("\n         {a}")).unwrap_or_default();
    format!("{mark} {}: {}{advice}", finding.title, finding.seen)
}

/// `rexec config check`: prints the configuration, which was validated when it was loaded.
///
/// # Errors
/// When standard output cannot be written.
pub fn config_check(config: &Config) -> Result<()> {
    let mut out = stdout().lock();
    for name in config::unknown_variables(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned())) {
        writeln!(out, "note: {name} is no setting; rexec.example.toml lists them all")?;
    }
    writeln!(out, "The configuration can be used.")?;
    writeln!(out, "  listen     {}", config.listen)?;
    writeln!(out, "  public     {}", config.public_url.as_deref().unwrap_or("derived from listen"))?;
    writeln!(out, "  data       {}", config.data_dir.display())?;
    writeln!(out, "  database   {}", if config.database_url.is_some() { "PostgreSQL" } else { "embedded SQLite" })?;
    writeln!(out, "  engine     {}", config.docker_host.as_deref().unwrap_or("the local socket"))?;
    Ok(())
}

/// `rexec admin reset-link USER`: uses only the database and the key of its audit log, so it also works while a server runs.
///
/// # Errors
/// When there is no such account, no database, or no key of its audit log.
pub async fn reset_link(config: Config, user: &str) -> Result<()> {
    let log = audit::open(&config).await?;
    let saved = DataDir::saved_origin(&config.data_dir).filter(|_| config.public_url.is_none());
    let origin = saved.unwrap_or_else(|| Origins::new(config.public_url.as_deref(), config.listen).public().to_owned());
    let link = users::reset_link_from_shell(&log, &origin, user).await?;
    writeln!(stdout(), "{}", link.url)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Raw, check};

    #[tokio::test]
    async fn the_doctor_examines_the_database_without_creating_it() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().to_str().map(str::to_owned);
        let config = check(Raw { data_dir, ..Raw::default() }).unwrap();
        let file = folder.path().join("rexec.db");
        let seen = async || {
            let Finding { level, seen, .. } = database(&config).await;
            (level, seen)
        };
        let (level, words) = seen().await;
        assert!(level == Level::Good && words.starts_with("none yet in /"), "{words}");
        assert!(!file.exists());
        std::fs::write(&file, "").unwrap();
        let (level, words) = seen().await;
        assert!(level == Level::Good && words.ends_with("without tables; the first start makes them"), "{words}");
        assert_eq!(std::fs::read(&file).unwrap(), b"");
        Db::sqlite(&file).await.unwrap().close().await;
        let (level, words) = seen().await;
        assert!(level == Level::Good && words.starts_with("sqlite 3.") && words.ends_with(", readable"), "{words}");
        std::fs::write(&file, "this is no database, and long enough to be seen to be none".repeat(100)).unwrap();
        let (level, words) = seen().await;
        assert!(level == Level::Broken, "{words}");
    }
}
