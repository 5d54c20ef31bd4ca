//! Revocation of open sockets: once it completed, no byte is delivered in either direction.

use std::time::Duration;

use access::{FactsSource as _, Release, Revocation, Revocations as _, Scope};
use protocol::frame::{ClientFrame, ServerFrame};
use rexec::http::ws;

use super::fixture::{FLOOD, FLOOD_END, SessionFixture, exists};
use crate::support::socket::DEADLINE;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn revocation_closes_sockets_with_its_reason_and_keeps_the_shell_running() {
    let fixture = SessionFixture::start().await;
    for (reason, code) in [(Revocation::Locked, 4423), (Revocation::Deleted, 4404), (Revocation::Stopped, 4409)] {
        let mut client = fixture.attach("").await;
        client.type_line("x=kept; echo rea''dy").await;
        client.until("ready").await;
        assert_eq!(fixture.registry.revoke(Scope::Terminal(fixture.terminal), reason, LONG).await, Release::Complete);
        assert_eq!(client.closed().await, code);
    }
    let mut client = fixture.attach("").await;
    assert_eq!(
        fixture.registry.revoke(Scope::Session(fixture.logins[0]), Revocation::LoginEnded, LONG).await,
        Release::Complete
    );
    assert_eq!(client.closed().await, 4401);
    let mut other = fixture.attach_as(1, "").await.unwrap();
    other.type_line("echo $x-$((40+2))").await;
    other.until("kept-42").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_output_reaches_a_client_after_its_revocation_completes() {
    let fixture = SessionFixture::start().await;
    let mut witness = fixture.attach_as(1, "&cols=80&rows=24").await.unwrap();
    let go = fixture.path("line");
    // Each line written to the pipe is printed at once, between other output.
    witness.type_line(&format!("mkfifo {go}; while read l; do echo \"mark-$l\"; done < {go} & exec 3>{go}")).await;
    let mut seed = 11u64;
    for round in 0..1000u64 {
        let mut revoked = fixture.attach("").await;
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Output is being sent while access is revoked.
        witness.type_line(&format!("echo noise-{round}; echo {round}-before >&3")).await;
        for _ in 0..(seed >> 33) % 40 {
            tokio::task::yield_now().await;
        }
        // Mostly by login, which spares the witness; every tenth time by lock.
        let locked = round % 10 == 0;
        let released = match locked {
            true => fixture.registry.revoke(Scope::Terminal(fixture.terminal), Revocation::Locked, LONG).await,
            false => fixture.registry.revoke(Scope::Session(fixture.logins[0]), Revocation::LoginEnded, LONG).await,
        };
        assert_eq!(released, Release::Complete, "round {round}");
        if locked {
            witness = fixture.attach_as(1, "&cols=80&rows=24").await.unwrap();
        }
        // No output from here on may reach the revoked client.
        witness.type_line(&format!("echo {round}-after >&3")).await;
        witness.until(&format!("mark-{round}-after")).await;
        let code = revoked.closed().await;
        let reason = if locked { 4423 } else { 4401 };
        assert!(code == reason || code == 0, "round {round}: {code}");
        assert!(!revoked.text().contains(&format!("{round}-after")), "round {round}: {:?}", revoked.tail());
        (witness.start, witness.bytes) = (witness.position(), Vec::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_during_output_closes_every_reading_socket_with_its_code() {
    let fixture = SessionFixture::start().await;
    for round in 0..8 {
        let mut readers = Vec::new();
        for _ in 0..7 {
            readers.push(fixture.attach("").await);
        }
        if round == 0 {
            // Goes on without clients.
            readers[0].type_line("while :; do echo tick; sleep 0.01; done").await;
        }
        for reader in &mut readers {
            reader.until("tick\r\ntick\r\n").await;
        }
        let reading = readers.into_iter().map(|mut reader| tokio::spawn(async move { reader.closed().await }));
        let reading: Vec<_> = reading.collect();
        let released = fixture.registry.revoke(Scope::Terminal(fixture.terminal), Revocation::Locked, LONG).await;
        assert_eq!(released, Release::Complete, "round {round}");
        for reader in reading {
            assert_eq!(reader.await.unwrap(), 4423, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partially_sent_message_ends_before_revocation_completes_and_the_reason_follows() {
    let fixture = SessionFixture::with_small_buffers().await;
    let mut witness = fixture.attach_as(1, "").await.unwrap();
    // More than both socket buffers hold, and the client does not read.
    let mut attach_blocked_client = async || {
        let client = fixture.attach_with_small_buffers("").await;
        witness.type_line(FLOOD).await;
        witness.until(FLOOD_END).await;
        (witness.start, witness.bytes) = (witness.position(), Vec::new());
        client
    };
    // It starts to read during the revocation. A busy machine may be too late for the reason, but not every time.
    let mut last_code = 0;
    for _ in 0..10 {
        let mut client = attach_blocked_client().await;
        let revocation = fixture.registry.revoke(Scope::Session(fixture.logins[0]), Revocation::LoginEnded, LONG);
        let (released, code) = tokio::join!(revocation, client.closed());
        assert_eq!(released, Release::Complete);
        last_code = code;
        if last_code != 0 {
            break;
        }
    }
    assert_eq!(last_code, 4401);
    // A client that never reads delays nothing and gets no reason.
    let mut stuck = attach_blocked_client().await;
    // Half of the write timeout.
    let half_timeout = ws::Timeouts::default().write / 2;
    assert_eq!(
        fixture.registry.revoke(Scope::Session(fixture.logins[0]), Revocation::LoginEnded, half_timeout).await,
        Release::Complete
    );
    assert_eq!(stuck.closed().await, 0);
}

#[tokio::test]
async fn input_after_the_grant_ended_is_not_delivered() {
    let fixture = SessionFixture::start().await;
    fixture.lock_with_grant().await;
    assert_eq!(fixture.attach_as(1, "").await.err(), Some(423), "the other login has no grant");
    let mut client = fixture.attach("").await;
    assert_eq!(client.hello.granted_until, Some(fixture.clock.now().plus_secs(60)));
    client.warned(protocol::ProblemKind::Locked).await;
    client.type_line("echo rea''dy").await;
    client.until("ready").await;
    fixture.clock.advance_secs(59);
    client.type_line("echo st''ill").await;
    client.until("still").await;
    fixture.clock.advance_secs(59);
    client.type_line("echo kept by t''yping").await;
    client.until("kept by typing").await;
    fixture.clock.advance_secs(61);
    let file = fixture.path("typed-too-late");
    client.type_line(&format!("touch {file}")).await;
    assert_eq!(client.closed().await, 4423);
    assert_eq!(fixture.attach_as(0, "").await.err(), Some(423));
    // A new grant, the same shell: the late input never reached it.
    fixture.lock_with_grant().await;
    let mut again = fixture.attach("").await;
    again.type_line("echo $((40+2))-again").await;
    again.until("42-again").await;
    assert!(!exists(&file) && !again.text().contains("typed-too-late"));
}

#[tokio::test]
async fn messages_without_input_do_not_extend_a_grant() {
    let fixture = SessionFixture::start().await;
    fixture.lock_with_grant().await;
    let mut client = fixture.attach("").await;
    fixture.clock.advance_secs(59);
    client.send(&ClientFrame::Input(b"")).await;
    client.send(&ClientFrame::Ping(7)).await;
    while client.frame().await != Ok(ServerFrame::Pong(7)) {}
    fixture.clock.advance_secs(2);
    assert_eq!(client.closed().await, 4423);
}

/// No timer is needed: the lease is checked before every message.
#[tokio::test]
async fn output_after_the_grant_ended_is_not_delivered() {
    let fixture = SessionFixture::start().await;
    fixture.lock_with_grant().await;
    let mut client = fixture.attach("").await;
    // Without acknowledgements: every incoming message checks the lease too and would end the socket.
    client.acks = false;
    let go = fixture.path("line");
    let echoes = format!("mkfifo {go}; exec 3<>{go}; while read l; do echo \"mark-$l\"; done <&3 & echo rea''dy");
    client.type_line(&echoes).await;
    client.until("ready").await;
    std::fs::write(&go, "early\n").unwrap();
    client.until("mark-early").await;
    fixture.clock.advance_secs(61);
    std::fs::write(&go, "late\n").unwrap();
    assert_eq!(client.closed().await, 4423);
    assert!(!client.text().contains("mark-late"), "{:?}", client.tail());
}

#[tokio::test]
async fn the_time_of_input_survives_a_server_crash() {
    let fixture = SessionFixture::start().await;
    fixture.lock_with_grant().await;
    let mut client = fixture.attach("").await;
    fixture.clock.advance_secs(30);
    client.type_line("echo rea''dy").await;
    client.until("ready").await;
    drop(client);
    let typed_at = fixture.clock.now();
    let written = async {
        let stored = || fixture.db.facts(fixture.logins[0], fixture.terminal);
        while stored().await.unwrap().grant.map(|grant| grant.last_input_at) != Some(typed_at) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, written).await.expect("it is written down");
    let mut tx = fixture.db.read().await.unwrap();
    assert_eq!(tx.terminal(fixture.terminal).await.unwrap().unwrap().last_active_at, typed_at);
}
