//! Output that the kernel holds when a terminal is locked.

use std::time::Duration;

use serde_json::Value;
use tokio::{io::AsyncReadExt as _, net::TcpSocket, time::Instant};

use super::attach::{attach, request};
use crate::support::{
    server::{TestServer, lock_path},
    socket::SocketClient,
};

/// Small, so that most of the output of a reader that stopped stays on the server.
const RECEIVE_BUFFER: u32 = 16 * 1024;
/// Nearly all that a client may get without acknowledging it.
const FLOOD: &str = "flood 390000";

/// FINDINGS L4.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_a_lock_discards_output_that_the_client_has_not_received() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
    let buffer = socket.recv_buffer_size().unwrap();
    let stream = socket.connect(server.origin.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap();
    let mut reader = SocketClient::over(stream, request(&server, &ada.client, &id.to_string(), "")).await;
    let other_pane = request(&server, &ada.client, &id.to_string(), "pane=idle");
    let mut idle = SocketClient::connect(other_pane).await.unwrap();
    reader.type_line(FLOOD).await;
    tokio::time::sleep(Duration::from_millis(300)).await;

    let began = Instant::now();
    ada.lock(id).await;
    let took = began.elapsed();
    // The shell goes on, but its output stays on the server.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (mut tcp, mut read, mut bytes) = (reader.into_tcp(), 0, vec![0; 64 * 1024]);
    while let Ok(n @ 1..) = tcp.read(&mut bytes).await {
        read += n;
    }
    eprintln!("{read} bytes after the lock, receive buffer {buffer}, the lock took {took:?}");
    assert!(read <= buffer as usize, "{read} bytes were read after the lock; the receive buffer has {buffer}");
    assert!(took < Duration::from_millis(250), "the lock took {took:?}");
    assert_eq!(idle.closed().await, 4423);
}

/// FINDINGS L4.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_a_client_that_reads_output_gets_the_reason_of_a_lock() {
    let (server, _admin, ada, id) = TestServer::with_terminal().await;
    for _ in 0..10 {
        let mut reader = attach(&server, &ada.client, id).await.unwrap();
        let reading = tokio::spawn(async move {
            loop {
                reader.type_line("flood 100000").await;
                let until = reader.position() + 100_000;
                while reader.position() < until {
                    if let Err(code) = reader.step().await {
                        return code;
                    }
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        ada.lock(id).await;
        assert_eq!(reading.await.unwrap(), 4423);
        ada.client.ok("POST", &lock_path(id, "unlock"), super::mfa_codes::code(&server.next_code(&ada))).await;
        assert_eq!(ada.client.ok("GET", &lock_path(id, "status"), Value::Null).await["mfa_locked"], false);
    }
}
