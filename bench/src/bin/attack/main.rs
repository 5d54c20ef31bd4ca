//! `cargo run -p bench --bin attack`: one account attacks the server while another one works, and the worst latency that
//! the other one sees is compared with the idle value of the same run.
//!
//! Needs a built server (`./run --build`) and a running engine with the base images. Each row carries the id of its
//! finding. Every row was seen to fail with the server of version 0.1.0, which has none of the defences:
//! `--binary OLD`.

mod load;
mod probe;
mod rows;
mod usage;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bench::{
    client::Client,
    figures::Samples,
    server::{Log, Server},
};
use clap::Parser;
use probe::{Neighbour, Observation};
use rows::{Row, Target};

/// A neighbour's 99th percentile may exceed its idle value by this much.
const SLOWDOWN_MAX: Duration = Duration::from_millis(100);
/// 99th percentile of the time until a lock is acknowledged.
const LOCK_MAX: Duration = Duration::from_millis(250);
/// Resident memory of the server.
const MEMORY_MB_MAX: f64 = 300.0;
/// Growth of log and database in a minute.
const GROWTH_MB_MAX: f64 = 1.0;

/// A row above a limit is observed again: something else on the machine may have been the cause. A defect is above it
/// each time.
const OBSERVATIONS_MAX: usize = 3;

/// Attacks a server with one account and measures what another one sees.
#[derive(Parser)]
struct Cli {
    /// Server binary.
    #[arg(long, default_value = "dist/rexec")]
    binary: PathBuf,
    /// Name of the image in `GET /api/images`.
    #[arg(long, default_value = "debian")]
    image: String,
    /// Seconds of each attack.
    #[arg(long, default_value_t = 6)]
    secs: u64,
    /// Only the rows whose id starts with this.
    #[arg(long)]
    only: Option<String>,
    /// Only all rows at once.
    #[arg(long)]
    together: bool,
    /// Runs the load of one row until it is killed. Used by the suite itself.
    #[arg(long, hide = true, num_args = 4, value_names = ["ROW", "BASE", "COOKIE", "TERMINAL"])]
    load: Option<Vec<String>>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    if let Some([row, base, cookie, terminal]) = cli.load.as_deref() {
        let target = Target { base: base.clone(), cookie: cookie.clone(), terminal: terminal.clone() };
        rows::find(row).context("no such row")?.run(target).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let failed = attack(&cli).await?;
    println!("\n{} failed", failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs every row and returns how many of them harmed the neighbour.
async fn attack(cli: &Cli) -> Result<usize> {
    let server = Server::start(&cli.binary, Log::File).await?;
    let admin = Client::set_up(&server).await?;
    let attacker = admin.invite("mallory").await?;
    let mut neighbour = Neighbour::prepare(admin, &cli.image).await?;
    let span = Duration::from_secs(cli.secs);
    let idle = neighbour.observe(&server, span).await.context("idle")?;
    println!("{}", Observation::header());
    println!("{}", idle.row("idle"));
    let chosen: Vec<&Row> = rows::ROWS
        .iter()
        .filter(|row| cli.only.as_ref().is_none_or(|only| row.id.starts_with(only.as_str())))
        .collect();
    ensure!(!chosen.is_empty(), "no such row");
    let mut failed = 0;
    let mut groups: Vec<(String, &[&Row])> =
        chosen.iter().map(|row| (format!("{} {}", row.id, row.what), std::slice::from_ref(row))).collect();
    if cli.together {
        groups.clear();
    }
    if chosen.len() > 1 {
        groups.push(("all of them at once".to_owned(), &chosen));
    }
    for (name, group) in groups {
        let mut is_harmed = true;
        for _ in 0..OBSERVATIONS_MAX {
            let seen = under_attack(cli, &server, &attacker, &mut neighbour, group, span)
                .await
                .with_context(|| name.clone())?;
            let harms = harms(&seen, &idle);
            println!("{}  {harms}", seen.row(&name));
            is_harmed = !harms.is_empty();
            if !is_harmed {
                break;
            }
        }
        failed += usize::from(is_harmed);
    }
    neighbour.finish().await?;
    server.stop().await?;
    Ok(failed)
}

/// Starts the load of a group of rows in processes of their own, and observes the neighbour meanwhile.
async fn under_attack(
    cli: &Cli,
    server: &Server,
    attacker: &Client,
    neighbour: &mut Neighbour,
    group: &[&Row],
    span: Duration,
) -> Result<Observation> {
    let mut loads = Vec::new();
    let mut terminals = Vec::new();
    for row in group {
        let terminal = if row.needs_terminal { attacker.create(&cli.image).await? } else { String::new() };
        // An attacker's own computing costs the server nothing, so a load gets only what server and neighbour leave.
        let load = tokio::process::Command::new("nice")
            .args(["-n", "19"])
            .arg(std::env::current_exe()?)
            .args(["--load", row.id, &server.base, &attacker.cookie(), &terminal])
            .kill_on_drop(true)
            .spawn()?;
        loads.push(load);
        terminals.extend((!terminal.is_empty()).then_some(terminal));
    }
    // The load connects first.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let seen = neighbour.observe(server, span).await;
    let mut early = 0;
    for mut load in loads {
        early += usize::from(load.try_wait()?.is_some());
        load.kill().await?;
    }
    for terminal in terminals {
        attacker.delete(&terminal).await?;
    }
    ensure!(early == 0, "the load ended early");
    seen
}

/// Whether the 99th percentile is above a limit in milliseconds. Without samples it is unknown, which counts as above.
fn exceeds(samples: &Samples, limit_ms: f64) -> bool {
    let percentile = samples.percentile_ms(99.0);
    percentile.is_nan() || percentile > limit_ms
}

/// What is worse than allowed, as text; empty when nothing is.
fn harms(seen: &Observation, idle: &Observation) -> String {
    let mut harms = Vec::new();
    let slowdown = SLOWDOWN_MAX.as_secs_f64() * 1000.0;
    for (name, now, before) in [
        ("echo", &seen.echo, &idle.echo),
        ("healthz", &seen.health, &idle.health),
        ("attach", &seen.attach, &idle.attach),
    ] {
        if exceeds(now, before.percentile_ms(99.0) + slowdown) {
            harms.push(name);
        }
    }
    if exceeds(&seen.lock, LOCK_MAX.as_secs_f64() * 1000.0) {
        harms.push("lock");
    }
    if seen.usage.memory_mb > MEMORY_MB_MAX {
        harms.push("memory");
    }
    if seen.usage.growth_mb_per_minute > GROWTH_MB_MAX {
        harms.push("growth");
    }
    if harms.is_empty() { String::new() } else { format!("above the limit: {}", harms.join(", ")) }
}
