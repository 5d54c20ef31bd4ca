//! The guest link: guests that reconnect, that violate the protocol, and that never read.

use std::{sync::Arc, time::Duration};

use guest_protocol::{FrameBuffer, FromGuest, GuestReport, OLDEST_VERSION, ToGuest, VERSION};
use protocol::{frame::Size, limits};
use sandbox::{EngineError, guest_socket::GuestSocket};
use terminal::GuestLink;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

const DEADLINE: Duration = Duration::from_secs(20);

struct LinkDirectory {
    _dir: tempfile::TempDir,
    path: std::path::PathBuf,
}

/// A directory whose path is longer than a socket's address may be.
fn link_directory() -> LinkDirectory {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d".repeat(120)).join("link");
    LinkDirectory { _dir: dir, path }
}

fn bind(directory: &LinkDirectory) -> Arc<GuestSocket> {
    Arc::new(GuestSocket::bind(&directory.path, true, CancellationToken::new()).unwrap())
}

/// Dials as the guest does: from a directory in which the address is short.
async fn dial(directory: &LinkDirectory) -> UnixStream {
    use std::os::fd::AsRawFd;
    let dir = std::fs::File::open(&directory.path).unwrap();
    UnixStream::connect(format!("/proc/self/fd/{}/s", dir.as_raw_fd())).await.unwrap()
}

fn wire(message: &FromGuest) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

fn hello(boot_id: u64) -> Vec<u8> {
    wire(&FromGuest::Hello { version: VERSION, boot_id })
}

async fn receive(stream: &mut UnixStream) -> ToGuest {
    let (mut buffer, mut byte) = (FrameBuffer::default(), [0]);
    loop {
        if let Some((tag, payload)) = buffer.next_frame().unwrap() {
            return ToGuest::decode(tag, payload).unwrap();
        }
        // Byte by byte, so that nothing of the next message is lost.
        timeout(DEADLINE, stream.read_exact(&mut byte)).await.expect("a message").unwrap();
        buffer.push(&byte);
    }
}

async fn disconnected(stream: &mut UnixStream) {
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("the server hangs up");
}

#[tokio::test]
async fn a_guest_receives_the_policy_and_the_newest_connection_wins() {
    let directory = link_directory();
    let link = bind(&directory);
    assert!(matches!(link.send(ToGuest::Inspect).await, Err(terminal::GuestUnavailable)), "nobody is there yet");
    let mut first = dial(&directory).await;
    first.write_all(&hello(1)).await.unwrap();
    assert_eq!(receive(&mut first).await, ToGuest::Policy { root_allowed: true });
    let mut inbox = link.connect().await.unwrap();
    assert_eq!(inbox.recv().await, Some(FromGuest::Hello { version: VERSION, boot_id: 1 }));
    link.send(ToGuest::Window { pane: 7, until: 1 }).await.unwrap();
    assert_eq!(receive(&mut first).await, ToGuest::Window { pane: 7, until: 1 });

    let mut second = dial(&directory).await;
    second.write_all(&hello(2)).await.unwrap();
    disconnected(&mut first).await;
    assert_eq!(inbox.recv().await, None, "the old connection's stream ends");
    let mut inbox = timeout(DEADLINE, link.connect()).await.unwrap().unwrap();
    assert_eq!(inbox.recv().await, Some(FromGuest::Hello { version: VERSION, boot_id: 2 }));
    // A session that drops its stream needs a new connection.
    drop(inbox);
    disconnected(&mut second).await;
}

#[tokio::test]
async fn a_restarted_server_replaces_its_stale_socket() {
    let directory = link_directory();
    drop(bind(&directory));
    let link = bind(&directory);
    let mut guest = dial(&directory).await;
    guest.write_all(&hello(1)).await.unwrap();
    assert_eq!(receive(&mut guest).await, ToGuest::Policy { root_allowed: true });
    assert!(link.connected());
}

#[tokio::test]
async fn a_guest_that_violates_the_protocol_is_disconnected_and_the_next_is_served() {
    let directory = link_directory();
    let link = bind(&directory);
    let opened = wire(&FromGuest::Opened { pane: 1, oldest: 0, newest: 0, new_shell: true });
    let violations: [Vec<u8>; 8] = [
        opened.clone(),
        wire(&FromGuest::Hello { version: VERSION + 1, boot_id: 1 }),
        vec![0xff; 64],
        vec![0, 0, 0, 0],
        [hello(1), hello(1)].concat(),
        [hello(1), vec![0, 0, 0, 1, 0x01]].concat(),
        [hello(1), vec![0, 0, 0, 3, 0x85, b'{', b'x']].concat(),
        [hello(1), u32::try_from(limits::GUEST_FRAME_BYTES_MAX + 1).unwrap().to_be_bytes().to_vec()].concat(),
    ];
    for violation in violations {
        let mut guest = dial(&directory).await;
        guest.write_all(&violation).await.unwrap();
        disconnected(&mut guest).await;
    }
    // Guests that sent Hello left an ended stream; the last one is live.
    let mut guest = dial(&directory).await;
    guest.write_all(&[hello(9), opened].concat()).await.unwrap();
    let mut last = None;
    let reported = || FromGuest::Opened { pane: 1, oldest: 0, newest: 0, new_shell: true };
    while last != Some(reported()) {
        let mut inbox = timeout(DEADLINE, link.connect()).await.expect("a connection").unwrap();
        // An ended stream returns `None`; the live one is read until its pane arrives.
        while last != Some(reported()) {
            match timeout(DEADLINE, inbox.recv()).await.expect("a message, or the end") {
                Some(message) => last = Some(message),
                None => break,
            }
        }
    }
}

#[tokio::test]
async fn a_report_arrives_over_the_current_connection_and_is_not_passed_to_the_session() {
    let directory = link_directory();
    let link = bind(&directory);
    let asking = tokio::spawn({
        let link = link.clone();
        async move { link.inspect(DEADLINE).await }
    });
    // The first guest disconnects after the request; the second one answers.
    let mut first = dial(&directory).await;
    first.write_all(&hello(1)).await.unwrap();
    while receive(&mut first).await != ToGuest::Inspect {}
    drop(first);
    let mut second = dial(&directory).await;
    second.write_all(&hello(2)).await.unwrap();
    while receive(&mut second).await != ToGuest::Inspect {}
    let report = GuestReport { cap_permitted: "00000000000004eb".into(), ..GuestReport::default() };
    second.write_all(&wire(&FromGuest::Report(Box::new(report.clone())))).await.unwrap();
    second.write_all(&wire(&FromGuest::InputAck { pane: 1, bytes: 3 })).await.unwrap();
    assert_eq!(asking.await.unwrap().unwrap(), report);
    let mut inbox = link.connect().await.unwrap();
    assert_eq!(inbox.recv().await, Some(FromGuest::Hello { version: VERSION, boot_id: 2 }));
    assert_eq!(inbox.recv().await, Some(FromGuest::InputAck { pane: 1, bytes: 3 }));
    let silent = link.inspect(Duration::from_millis(10)).await;
    assert!(matches!(silent, Err(EngineError::GuestUnresponsive(_))), "a guest that stays silent is reported as one");
}

#[tokio::test]
async fn unread_messages_are_bounded_in_both_directions() {
    let directory = link_directory();
    let link = bind(&directory);
    let mut guest = dial(&directory).await;
    guest.write_all(&hello(1)).await.unwrap();
    let mut inbox = link.connect().await.unwrap();
    // Nothing consumes the messages: only the socket buffer fills.
    let output = wire(&FromGuest::Output { pane: 1, position: 0, bytes: vec![b'x'; limits::OUTPUT_CHUNK_BYTES_MAX] });
    let mut written = 0;
    while timeout(Duration::from_millis(300), guest.write_all(&output)).await.is_ok() {
        written += output.len();
        assert!(written < 8 * 1024 * 1024, "the server keeps {written} bytes");
    }
    while timeout(Duration::from_millis(300), inbox.recv()).await.is_ok_and(|m| m.is_some()) {}

    // While the guest does not read, sending waits.
    let big = ToGuest::Input { pane: 1, bytes: vec![b'y'; 64 * 1024] };
    let mut sent = 0;
    while let Ok(done) = timeout(Duration::from_millis(300), link.send(big.clone())).await {
        done.unwrap();
        sent += 1;
        assert!(sent < 128, "the server keeps {sent} messages");
    }
    let (reading, mut unread) = (link.clone(), Vec::new());
    let sending =
        tokio::spawn(async move { reading.send(ToGuest::Resize { pane: 1, size: Size { cols: 80, rows: 24 } }).await });
    let mut chunk = vec![0; 64 * 1024];
    while !sending.is_finished() {
        let n = timeout(DEADLINE, guest.read(&mut chunk)).await.expect("more to read").unwrap();
        unread.extend_from_slice(&chunk[..n]);
    }
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_guest_of_version_1_is_accepted_and_its_echo_messages_are_ignored() {
    let place = link_directory();
    let link = bind(&place);
    let echo = vec![0, 0, 0, 4, 0x86, 0, 1, 1];
    let input_ack = wire(&FromGuest::InputAck { pane: 1, bytes: 3 });
    let mut guest = dial(&place).await;
    let hello_of_version_1 = wire(&FromGuest::Hello { version: 1, boot_id: 5 });
    guest.write_all(&[hello_of_version_1, echo.clone(), input_ack].concat()).await.unwrap();
    assert_eq!(receive(&mut guest).await, ToGuest::Policy { root_allowed: true });
    let mut inbox = timeout(DEADLINE, link.connect()).await.unwrap().unwrap();
    assert_eq!(inbox.recv().await, Some(FromGuest::Hello { version: 1, boot_id: 5 }));
    assert_eq!(inbox.recv().await, Some(FromGuest::InputAck { pane: 1, bytes: 3 }));
    drop((inbox, guest));

    let mut guest = dial(&place).await;
    guest.write_all(&[hello(6), echo].concat()).await.unwrap();
    disconnected(&mut guest).await;
    let mut guest = dial(&place).await;
    guest.write_all(&wire(&FromGuest::Hello { version: OLDEST_VERSION - 1, boot_id: 7 })).await.unwrap();
    disconnected(&mut guest).await;
}
