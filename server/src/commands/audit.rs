//! `rexec audit`: verification, checkpoints and keys of the audit log.

use std::{
    io::{Write as _, stdout},
    path::Path,
};

use access::Clock;
use anyhow::{Context as _, Result};

use crate::{
    audit::{self, Actor, AuditEvent, AuditLog, Entry, Verification},
    config::Config,
    data_dir::DataDir,
    serve,
};

/// The audit log of an installation. Nothing is created: the first start of the server does that.
///
/// # Errors
/// When there is no database, or no key file.
pub(super) async fn open(config: &Config) -> Result<AuditLog> {
    require_database(config)?;
    let keys = audit::read_keys(&config.data_dir)?;
    Ok(AuditLog::new(serve::open_db(config, &config.data_dir).await?, keys))
}

fn require_database(config: &Config) -> Result<()> {
    let exists = config.database_url.is_some() || config.data_dir.join("rexec.db").exists();
    anyhow::ensure!(
        exists,
        "there is no database in {}. Name the server's own directory with --data-dir, or its file with --config.",
        config.data_dir.display()
    );
    Ok(())
}

/// `rexec audit verify`: verifies the whole chain, and that every checkpoint of the file is on it.
///
/// # Errors
/// When the chain is broken, or a line of the file is no checkpoint of this audit log.
pub async fn verify(config: &Config, checkpoints: Option<&Path>) -> Result<()> {
    let log = open(config).await?;
    let known = match checkpoints {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
            audit::read_checkpoints(&log, &text).with_context(|| format!("{} cannot be used", file.display()))?
        }
        None => Vec::new(),
    };
    let found = audit::verify(&log, &known).await?;
    log.db().close().await;
    if let Some(fault) = found.fault {
        anyhow::bail!("the audit log is broken: {fault}. Keep a copy of the database.");
    }
    writeln!(stdout(), "{}", sentence(&found, known.len()))?;
    Ok(())
}

fn sentence(found: &Verification, checkpoints: usize) -> String {
    let verdict = &found.verdict;
    let mut text = format!(
        "The audit log is intact: {} events, with a key from event {} on; its end is authentic.",
        verdict.events, verdict.keyed_from
    );
    if checkpoints > 0 {
        let compared = checkpoints - found.expired;
        text += &format!(" {compared} {} on it.", if compared == 1 { "checkpoint is" } else { "checkpoints are" });
    }
    if found.expired > 0 {
        text += &format!(" {} are older than the stored events and were not compared.", found.expired);
    }
    text
}

/// `rexec audit checkpoint`: prints a checkpoint.
///
/// # Errors
/// When the end of the audit log is not authentic.
pub async fn checkpoint(config: &Config) -> Result<()> {
    let log = open(config).await?;
    let made = audit::checkpoint(&log, Clock::System.now()).await?;
    log.db().close().await;
    writeln!(stdout(), "{made}")?;
    Ok(())
}

/// `rexec audit new-key`: makes a new key for the events from now on, while no server runs.
///
/// # Errors
/// When a server runs, the database is not the one of the data directory, or the file cannot be written.
pub async fn new_key(config: &Config) -> Result<()> {
    require_database(config)?;
    let folder = config.data_dir.display();
    anyhow::ensure!(
        config.data_dir.join("instance").exists(),
        "{folder} is no data directory. Name the server's own with --data-dir, or its file with --config."
    );
    let data = DataDir::open(&config.data_dir)?;
    let db = serve::open_db(config, data.path()).await?;
    let bound = db.read().await?.bound_instance().await?;
    anyhow::ensure!(
        bound.is_some_and(|bound| bound == data.instance().to_string()),
        "the database is not the one of {folder}"
    );
    let continues = audit::renew_keys(&db, data.path()).await?;
    let log = AuditLog::new(db, audit::read_keys(data.path())?);
    append_event(&log, continues).await?;
    log.db().close().await;
    let rest = if continues { "Earlier events stay verified." } else { "Earlier events can no longer be verified." };
    writeln!(stdout(), "New events have a new key. {rest} Back up the file audit-keys.")?;
    Ok(())
}

async fn append_event(log: &AuditLog, continues: bool) -> Result<()> {
    let mut tx = log.db().begin().await?;
    let entry = Entry::new(AuditEvent::AuditKeyChanged).detail("earlier_events_verified", continues);
    log.append(&mut tx, Clock::System.now(), &Actor::system(), entry).await?;
    tx.commit().await?;
    Ok(())
}
