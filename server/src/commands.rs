//! The commands besides `serve`. They print to standard output.

use anyhow::Result;

use crate::{admin::people, config::Config, runtime::docker, serve, services::Origins};
use protocol::admin::{Finding, Level};

/// `rexec doctor`: what this machine offers and lacks. An error (exit 1) when something is broken.
///
/// # Errors
/// When a finding is [`Level::Broken`].
pub async fn doctor(config: &Config, json: bool) -> Result<()> {
    let findings = docker::examine(config.docker_host.as_deref()).await;
    if json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(|f| println!("{}", line(f)));
    }
    let broken = findings.iter().filter(|f| f.level == Level::Broken).count();
    anyhow::ensure!(broken == 0, "{broken} finding(s) are broken");
    Ok(())
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

/// `rexec config check`: the configuration was read and checked to get here.
///
/// # Errors
/// None; mistakes are told before.
pub fn config_check(config: &Config) -> Result<()> {
    println!("The configuration can be used.");
    println!("  listen     {}", config.listen);
    println!("  public     {}", config.public_url.as_deref().unwrap_or("derived from listen"));
    println!("  data       {}", config.data_dir.display());
    println!("  database   {}", if config.database_url.is_some() { "PostgreSQL" } else { "embedded SQLite" });
    println!("  engine     {}", config.docker_host.as_deref().unwrap_or("the local socket"));
    Ok(())
}

/// `rexec admin reset-link USER`: works beside a running server too, since only the database is touched.
///
/// # Errors
/// When there is no such account, or no database.
pub async fn reset_link(config: Config, user: &str) -> Result<()> {
    anyhow::ensure!(config.data_dir.is_dir(), "there is no data directory at {}", config.data_dir.display());
    let db = serve::open_db(&config, &config.data_dir).await?;
    let address = Origins::new(config.public_url.as_deref(), config.listen);
    let link = people::reset_link_from_shell(&db, address.public(), user).await?;
    println!("{}", link.url);
    Ok(())
}
