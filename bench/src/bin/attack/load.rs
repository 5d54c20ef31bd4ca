//! The loads of the attacks. Each runs in a process of its own until it is killed.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, Result};
use bench::{attached::Attached, client::Client};
use futures_util::future::try_join_all;
use protocol::{
    frame::{ClientFrame, Size},
    limits::{CLIENTS_MAX, PANES_MAX},
};
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

use crate::rows::Target;

/// The largest pane.
const LARGEST: Size = Size { cols: 1000, rows: 500 };
/// The smallest pane.
const SMALLEST: Size = Size { cols: 2, rows: 1 };
/// A shell prompt.
const PROMPT: &[u8] = b"$";
/// Between two attempts after a rejected one, so that the load does not measure itself.
const PAUSE: Duration = Duration::from_millis(1);

fn client(target: &Target) -> Result<Client> {
    Client::of_session(&target.base, &target.cookie)
}

/// Waits until the process is killed.
async fn forever() -> Result<()> {
    Ok(std::future::pending::<Infallible>().await).map(|never| match never {})
}

/// A1: two clients of one pane change its size in a loop.
pub(crate) async fn resizes(target: Target) -> Result<()> {
    let client = client(&target)?;
    let one = async || {
        loop {
            let Ok(mut attached) = client.attach(&target.terminal).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            while attached.send(ClientFrame::Resize(LARGEST)).await.is_ok()
                && attached.send(ClientFrame::Resize(SMALLEST)).await.is_ok()
            {}
        }
    };
    tokio::join!(one(), one());
    Ok(())
}

/// A2: a program prints an expensive sequence into the largest pane without end, and no client is attached.
pub(crate) async fn prints(target: Target, sequence: &str) -> Result<()> {
    let mut attached = at_prompt(&target, "main").await?;
    attached.send(ClientFrame::Resize(LARGEST)).await?;
    let command = format!(
        "s=$'{sequence}'; while :; do for i in {{1..6}}; do s=$s$s; done; printf %s \"$s\"; s=${{s::64}}; done\r"
    );
    attached.input(command.as_bytes()).await?;
    attached.output().await?;
    drop(attached);
    forever().await
}

/// A3: every pane at the largest size with colours of its own in each cell, and clients that never read.
pub(crate) async fn never_reads(target: Target) -> Result<()> {
    let colours = "awk 'BEGIN { for (;;) printf \"\\033[38;2;%d;%d;%dm\\033[48;2;%d;%d;%dmX\", \
                   rand()*256, rand()*256, rand()*256, rand()*256, rand()*256, rand()*256 }'\r";
    let client = client(&target)?;
    let mut kept = Vec::new();
    for pane in 0..PANES_MAX {
        let name = format!("p{pane}");
        let Ok(mut attached) = at_prompt(&target, &name).await else { continue };
        attached.send(ClientFrame::Resize(LARGEST)).await?;
        attached.input(colours.as_bytes()).await?;
        kept.push(attached);
        for _ in 1..CLIENTS_MAX {
            kept.extend(client.attach_pane(&target.terminal, &name).await.ok());
        }
    }
    let _kept = kept;
    forever().await
}

/// A4: acknowledgements as fast as the connection takes them.
pub(crate) async fn acks(target: Target) -> Result<()> {
    let client = client(&target)?;
    let mut frame = vec![0x82, 0x80 | 9, 0, 0, 0, 0];
    frame.extend(ClientFrame::Ack(1).encode());
    let frames = frame.repeat(4096);
    loop {
        let Ok(mut attached) = client.attach(&target.terminal).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Some(tcp) = attached.tcp() else { continue };
        while tcp.write_all(&frames).await.is_ok() {}
    }
}

/// A6: invitations with wrong tokens, 64 at once, by nobody who is signed in.
pub(crate) async fn wrong_tokens(target: Target) -> Result<()> {
    let body = json!({"token": "A".repeat(43), "username": "nobody", "password": "a sentence nobody guesses"});
    post_forever(&target, "/api/invite", 64, move |_| body.clone()).await
}

/// A7: attaches and detaches, eight at once.
pub(crate) async fn attaches(target: Target) -> Result<()> {
    let client = client(&target)?;
    let one = async || {
        loop {
            if client.attach(&target.terminal).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        #[allow(unreachable_code)]
        anyhow::Ok(())
    };
    try_join_all((0..CLIENTS_MAX).map(|_| one())).await.map(drop)
}

/// A9: a thousand sign-ins at once, each with another name.
pub(crate) async fn wrong_sign_ins(target: Target) -> Result<()> {
    let body = |count| json!({"username": format!("name{count}"), "password": "a sentence nobody guesses"});
    post_forever(&target, "/api/auth/login", 1000, body).await
}

/// Posts without end, `parallel` at once. Any answer counts.
async fn post_forever(
    target: &Target,
    path: &str,
    parallel: usize,
    body: impl Fn(usize) -> serde_json::Value,
) -> Result<()> {
    // Not the neighbour's address.
    let http = reqwest::Client::builder().local_address(IpAddr::from([127, 0, 1, 9])).build()?;
    let url = format!("{}{path}", target.base);
    let one = async |number: usize| {
        for round in 0.. {
            let request = http.post(&url).header("origin", &target.base).json(&body(round * parallel + number));
            if request.send().await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        anyhow::Ok(())
    };
    try_join_all((0..parallel).map(one)).await.map(drop)
}

/// A10: half request heads from four addresses of this machine, opened again when the server closes them.
pub(crate) async fn half_heads(target: Target) -> Result<()> {
    let server: SocketAddr = target.base.trim_start_matches("http://").parse().context("address of the server")?;
    let one = async |number: u8| {
        loop {
            let Ok(mut tcp) = connect_from([127, 0, 1, number % 4 + 1], server).await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if tcp.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ").await.is_ok() {
                // Until the server closes the connection.
                let _ = tcp.readable().await;
            }
        }
        #[allow(unreachable_code)]
        anyhow::Ok(())
    };
    raise_descriptors();
    try_join_all((0..4400u32).map(|number| one((number % 4) as u8))).await.map(drop)
}

async fn connect_from(from: [u8; 4], to: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    Ok(socket.connect(to).await?)
}

fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

async fn at_prompt(target: &Target, pane: &str) -> Result<Attached> {
    let mut attached = client(target)?.attach_pane(&target.terminal, pane).await?;
    attached.read_until(PROMPT).await?;
    Ok(attached)
}
