//! Flow control: a slow client affects nobody else, and control characters are delivered during a flood.

use std::time::Duration;

use access::{Release, Revocation, Revocations as _, Scope};
use protocol::{frame::ClientFrame, limits};

use super::fixture::{FLOOD, FLOOD_END, SessionFixture, exists, wait_for};
use crate::support::socket::DEADLINE;

#[tokio::test]
async fn a_slow_client_gets_a_redraw_while_a_fast_one_gets_every_byte() {
    let fixture = SessionFixture::start().await;
    let mut slow = fixture.attach("&cols=80&rows=24").await;
    slow.acks = false;
    let mut fast = fixture.attach("").await;
    fast.type_line("seq 1 400000; echo .-$((40+2))").await;
    fast.until(".-42").await;
    let mut expected: String = (1..=400_000).map(|i| format!("{i}\r\n")).collect();
    expected.push_str(".-42\r\n");
    let at = fast.text().find("1\r\n2\r\n").unwrap();
    assert!(fast.text()[at..].starts_with(&expected), "every byte, in order");
    assert_eq!(fast.redraws, 1, "only the one at the beginning");

    slow.reach(slow.start + limits::OUTSTANDING_BYTES_MAX).await;
    assert_eq!(slow.position(), slow.start + limits::OUTSTANDING_BYTES_MAX, "held where it stopped parsing");
    slow.acks = true;
    slow.send(&ClientFrame::Ack(slow.position())).await;
    slow.type_line("echo $((40+2))-slow").await;
    slow.until("42-slow").await;
    assert_eq!(slow.redraws, 2);
    assert!(String::from_utf8_lossy(slow.redraw.as_deref().unwrap()).contains("400000"), "the screen of now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_disconnected_without_affecting_others() {
    let fixture = SessionFixture::with_small_buffers().await;
    let mut witness = fixture.attach_as(1, "").await.unwrap();
    let mut slow = fixture.attach_with_small_buffers("&short_timeout=write").await;
    let mut stuck = fixture.attach_with_small_buffers("&short_timeout=write").await;
    let mut others = Vec::new();
    for _ in 3..limits::CLIENTS_MAX {
        others.push(fixture.attach_as(1, "").await.unwrap());
    }
    assert_eq!(fixture.attach_as(1, "").await.err(), Some(503), "the bound on clients");
    witness.type_line(FLOOD).await;
    witness.until(FLOOD_END).await;
    // Both are detached before they get the reason.
    let attached = async {
        while others.len() < limits::CLIENTS_MAX - 1 {
            match fixture.attach_as(1, "").await {
                Ok(client) => others.push(client),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(DEADLINE, attached).await.expect("two clients are detached");
    assert_eq!(slow.closed().await, 4429);
    // The other has not read its reason yet and has longer than this to do so. A revocation does not wait for it.
    assert_eq!(
        fixture.registry.revoke(Scope::Session(fixture.logins[0]), Revocation::LoginEnded, DEADLINE).await,
        Release::Complete
    );
    assert_eq!(stuck.closed().await, 0, "half a message was left");
    assert_eq!(witness.redraws, 1, "a client that reads gets every byte");
    witness.type_line("echo $((40+2))-lives").await;
    witness.until("42-lives").await;
}

/// A half-open connection whose peer is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_answers_no_ping_is_detached() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach_as(1, "&short_timeout=ping").await.unwrap();
    let silent = fixture.attach("&short_timeout=ping").await;
    assert_eq!(fixture.registry.active_leases(), 2);
    let detached = async {
        while fixture.registry.active_leases() == 2 {
            // Pings are answered while reading.
            client.type_line("echo rea''dy").await;
            client.until("ready").await;
            (client.start, client.bytes) = (client.position(), Vec::new());
        }
    };
    tokio::time::timeout(DEADLINE, detached).await.expect("it has left");
    client.type_line("echo $((40+2))-here").await;
    client.until("42-here").await;
    drop(silent);
}

#[tokio::test]
async fn without_acknowledgements_the_program_waits_and_control_c_is_delivered() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("").await;
    client.acks = false;
    let start = client.position();
    client.type_line("yes").await;
    client.reach(start + limits::OUTSTANDING_BYTES_MAX).await;
    client.send(&ClientFrame::Input(b"\x03")).await;
    client.type_line("echo $((40+2))-back").await;
    client.acks = true;
    client.send(&ClientFrame::Ack(client.position())).await;
    client.until("42-back").await;
    let rest = client.position() - start - limits::OUTSTANDING_BYTES_MAX;
    // The window moves in steps and the kernel buffers some output; beyond that `yes` has waited.
    assert!(rest < 2 * limits::OUTSTANDING_BYTES_MAX, "{rest} bytes after Ctrl-C");
}

#[tokio::test]
async fn a_large_paste_with_an_equally_large_echo_arrives_complete() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("").await;
    let (pieces, piece) = (48, vec![b'x'; limits::CLIENT_FRAME_BYTES_MAX - 1]);
    let total = pieces * piece.len();
    // Input is echoed, so output is held back exactly while input waits.
    client.type_line(&format!("stty raw -echo; echo rea''dy; head -c {total} | tee /dev/tty | cksum; stty sane")).await;
    client.until("ready").await;
    for _ in 0..pieces {
        client.send(&ClientFrame::Input(&piece)).await;
    }
    client.until(&format!(" {total}")).await;
}

#[tokio::test]
async fn a_program_runs_to_its_end_without_attached_clients() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("").await;
    let done = fixture.path("done");
    let go = fixture.path("go");
    let program = format!("echo rea''dy; while ! [ -e {go} ]; do sleep 0.01; done; seq 1 1000000; touch {done}");
    client.type_line(&program).await;
    client.until("ready").await;
    drop(client);
    // Detaching releases the client's lease.
    assert_eq!(
        fixture.registry.revoke(Scope::Terminal(fixture.terminal), Revocation::Locked, DEADLINE).await,
        Release::Complete
    );
    std::fs::write(&go, "").unwrap();
    wait_for("the program to end", || exists(&done)).await;
}
