//! `cargo run --release -p bench`: reproduces the figures of the README, the engine as peer in the same run.
//!
//! Needs a built server (`./run --build`) and a running engine with the base images.

mod client;
mod cut;
mod engine;
mod figures;

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use client::{Client, Server};
use engine::Engine;
use figures::Samples;
use protocol::limits::CLIENTS_MAX;

/// Reproduces every figure the README claims.
#[derive(Parser)]
struct Cli {
    /// The server to measure.
    #[arg(long, default_value = "dist/rexec")]
    binary: PathBuf,
    /// Image name, as `GET /api/images` lists it.
    #[arg(long, default_value = "debian")]
    image: String,
    /// The same image, as the engine knows it.
    #[arg(long, default_value = "rexec/debian:1")]
    reference: String,
    /// Launches of each kind; ours and the engine's take turns.
    #[arg(long, default_value_t = 15)]
    launches: usize,
    /// Echoed letters.
    #[arg(long, default_value_t = 2000)]
    echoes: usize,
    /// Sockets of the terminal that is locked.
    #[arg(long, default_value_t = CLIENTS_MAX, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=CLIENTS_MAX as u64))]
    sockets: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let engine = Engine::connect().await?;
    let server = Server::start(&cli.binary).await?;
    let client = Client::set_up(&server).await?;
    println!("server ready after {:.0} ms in an empty folder", server.ready_after.as_secs_f64() * 1000.0);
    let (ours, theirs) = launches(&cli, &client, &engine).await?;
    let (echo, exec) = echoes(&cli, &client, &engine).await?;
    let cuts = cut::cuts(&client, &cli.image, cli.sockets).await?;
    println!("{}", figures::head());
    println!("{}", ours.row("cold: click to prompt, hardened, verified"));
    println!("{}", theirs.row("engine alone: create + start, plain"));
    println!("{}", echo.row("echo: socket, server, guest, hardened"));
    println!("{}", exec.row("echo: engine exec attach"));
    println!("{}", cuts.row("lock: request to the end of each open socket"));
    println!("cold / engine, medians: {:.2}", ours.median_ms() / theirs.median_ms());
    println!("echo / engine exec, medians: {:.2}", echo.median_ms() / exec.median_ms());
    server.stop().await
}

/// Ours and the engine's take turns, so that a drifting machine hits both.
async fn launches(cli: &Cli, client: &Client, engine: &Engine) -> Result<(Samples, Samples)> {
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in 0..=cli.launches {
        let began = Instant::now();
        let id = client.create(&cli.image).await?;
        client.attach(&id).await?.wait_for(PROMPT).await?;
        let took = began.elapsed();
        client.delete(&id).await?;
        let (engine_took, container) = engine.create_and_start(&cli.reference).await?;
        engine.remove(&container).await?;
        // The first round warms both up.
        if round > 0 {
            ours.push(took);
            theirs.push(engine_took);
        }
    }
    Ok((ours, theirs))
}

/// What ends the prompt. The blank behind it comes as such, or, when the prompt was there before us, as a place of the cursor.
const PROMPT: &[u8] = b"$";

/// Letters of a line before it is erased.
const LINE: usize = 1000;

async fn echoes(cli: &Cli, client: &Client, engine: &Engine) -> Result<(Samples, Samples)> {
    let id = client.create(&cli.image).await?;
    let mut socket = client.attach(&id).await?;
    socket.wait_for(PROMPT).await?;
    socket.input(b"cat\r").await?;
    socket.wait_for(b"cat\r\n").await?;
    // The bytes that follow the echo of the command (mode changes of the shell) must not be taken for an echo.
    socket.input(b"ready\r").await?;
    socket.wait_for(b"ready\r\nready\r\n").await?;
    let mut samples = Samples::default();
    for round in 0..cli.echoes {
        let letter = [b'a' + u8::try_from(round % 26).unwrap_or(0)];
        let began = Instant::now();
        socket.input(&letter).await?;
        socket.bytes(1).await.with_context(|| format!("echo {round}"))?;
        samples.push(began.elapsed());
        // A line of a terminal in canonical mode holds 4095 bytes. Each letter is erased with three, in as many messages as
        // it takes.
        if round % LINE == LINE - 1 {
            socket.input(b"\x15").await?;
            socket.bytes(3 * LINE).await.with_context(|| format!("erasing after echo {round}"))?;
        }
    }
    drop(socket);
    client.delete(&id).await?;
    let (_, container) = engine.create_and_start(&cli.reference).await?;
    let exec = engine.exec_echo(&container, cli.echoes.min(1000)).await;
    engine.remove(&container).await?;
    Ok((samples, exec?))
}
