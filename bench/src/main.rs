//! `cargo run --release -p bench`: measures the figures of the README, and the engine alone in the same run.
//!
//! Needs a built server (`./run --build`) and a running engine with the base images.

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};
use bench::{
    client::Client,
    engine::Engine,
    figures::{self, Samples},
    lock,
    server::{Log, Server},
};
use clap::Parser;
use protocol::limits::CLIENTS_MAX;

/// Measures the figures of the README.
#[derive(Parser)]
struct Cli {
    /// Server binary.
    #[arg(long, default_value = "dist/rexec")]
    binary: PathBuf,
    /// Name of the image in `GET /api/images`.
    #[arg(long, default_value = "debian")]
    image: String,
    /// Reference of the same image on the engine.
    #[arg(long, default_value = "rexec/debian:1")]
    reference: String,
    /// Launches with Rexec, and as many with the engine alone.
    #[arg(long, default_value_t = 15)]
    launches: usize,
    /// Echoed letters of the echo measurement.
    #[arg(long, default_value_t = 2000)]
    echoes: usize,
    /// Attached clients of the lock measurement.
    #[arg(
        long,
        default_value_t = CLIENTS_MAX,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=CLIENTS_MAX as u64)
    )]
    sockets: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let engine = Engine::connect().await?;
    let server = Server::start(&cli.binary, Log::Inherit).await?;
    let client = Client::set_up(&server).await?;
    println!("server ready after {:.0} ms in an empty folder", server.ready_after.as_secs_f64() * 1000.0);
    let (cold, plain) = measure_launches(&cli, &client, &engine).await?;
    let (echo, exec) = measure_echoes(&cli, &client, &engine).await?;
    let locks = lock::measure(&client, &cli.image, cli.sockets).await?;
    println!("{}", figures::header());
    println!("{}", cold.row("cold: click to prompt, hardened, verified"));
    println!("{}", plain.row("engine alone: create + start, plain"));
    println!("{}", echo.row("echo: socket, server, guest, hardened"));
    println!("{}", exec.row("echo: engine exec attach"));
    println!("{}", locks.row("lock: request to the end of each open socket"));
    println!("cold / engine, medians: {:.2}", cold.median_ms() / plain.median_ms());
    println!("echo / engine exec, medians: {:.2}", echo.median_ms() / exec.median_ms());
    server.stop().await
}

/// Alternates launches with Rexec and with the engine alone, so that changes of the machine's load affect both.
async fn measure_launches(cli: &Cli, client: &Client, engine: &Engine) -> Result<(Samples, Samples)> {
    let (mut cold, mut plain) = (Samples::default(), Samples::default());
    for round in 0..=cli.launches {
        let began = Instant::now();
        let id = client.create(&cli.image).await?;
        client.attach(&id).await?.read_until(PROMPT).await?;
        let cold_launch = began.elapsed();
        client.delete(&id).await?;
        let (plain_launch, container) = engine.create_and_start(&cli.reference).await?;
        engine.remove(&container).await?;
        // The first round is a warm-up.
        if round > 0 {
            cold.push(cold_launch);
            plain.push(plain_launch);
        }
    }
    Ok((cold, plain))
}

/// End of the prompt. The following space is not part of it: a snapshot may contain a cursor position instead.
const PROMPT: &[u8] = b"$";

/// Letters in a line before it is erased. A line in canonical mode holds at most 4095 bytes.
const LINE_LETTERS: usize = 1000;

async fn measure_echoes(cli: &Cli, client: &Client, engine: &Engine) -> Result<(Samples, Samples)> {
    let id = client.create(&cli.image).await?;
    let mut socket = client.attach(&id).await?;
    socket.read_until(PROMPT).await?;
    socket.input(b"cat\r").await?;
    socket.read_until(b"cat\r\n").await?;
    // Synchronises with `cat`: the shell writes mode changes after the command line, which are not an echo.
    socket.input(b"ready\r").await?;
    socket.read_until(b"ready\r\nready\r\n").await?;
    let mut samples = Samples::default();
    for round in 0..cli.echoes {
        let letter = [b'a' + u8::try_from(round % 26).unwrap_or(0)];
        let began = Instant::now();
        socket.input(&letter).await?;
        socket.read_exact(1).await.with_context(|| format!("echo {round}"))?;
        samples.push(began.elapsed());
        // Ctrl-U. The PTY erases each letter with three bytes.
        if round % LINE_LETTERS == LINE_LETTERS - 1 {
            socket.input(b"\x15").await?;
            socket.read_exact(3 * LINE_LETTERS).await.with_context(|| format!("erasing after echo {round}"))?;
        }
    }
    drop(socket);
    client.delete(&id).await?;
    let (_, container) = engine.create_and_start(&cli.reference).await?;
    let exec = engine.exec_echo(&container, cli.echoes.min(1000)).await;
    engine.remove(&container).await?;
    Ok((samples, exec?))
}
