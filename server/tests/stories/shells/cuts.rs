//! The lock against open sockets: whoever was told that the cut is done sees no byte move after it.

use std::time::Duration;

use access::{Release, Revocation, Scope};
use protocol::frame::{ClientFrame, ServerFrame};
use rexec::http::ws;

use super::{
    client::DEADLINE,
    stage::{FLOOD, FLOOD_END, Stage, exists},
};
use access::FactsSource as _;
use access::Revocations as _;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_cut_closes_with_its_reason_and_the_shell_lives_on() {
    let stage = Stage::set().await;
    for (cut, code) in [(Revocation::Locked, 4423), (Revocation::Deleted, 4404), (Revocation::Stopped, 4409)] {
        let mut viewer = stage.view("").await;
        viewer.type_line("x=kept; echo rea''dy").await;
        viewer.until("ready").await;
        assert_eq!(stage.registry.revoke(Scope::Terminal(stage.terminal), cut, LONG).await, Release::Complete);
        assert_eq!(viewer.closed().await, code);
    }
    let mut viewer = stage.view("").await;
    assert_eq!(
        stage.registry.revoke(Scope::Session(stage.logins[0]), Revocation::LoginEnded, LONG).await,
        Release::Complete
    );
    assert_eq!(viewer.closed().await, 4401);
    let mut other = stage.view_as(1, "").await.unwrap();
    other.type_line("echo $x-$((40+2))").await;
    other.until("kept-42").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_thousand_random_instants_not_a_byte_after_the_cut_was_acknowledged() {
    let stage = Stage::set().await;
    let mut witness = stage.view_as(1, "&cols=80&rows=24").await.unwrap();
    let go = stage.path("line");
    // Each line that is put into the pipe comes out at once; between them there is noise.
    witness.type_line(&format!("mkfifo {go}; while read l; do echo \"mark-$l\"; done < {go} & exec 3>{go}")).await;
    let mut seed = 11u64;
    for round in 0..1000u64 {
        let mut cut = stage.view("").await;
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Output is on its way while the cut falls.
        witness.type_line(&format!("echo noise-{round}; echo {round}-before >&3")).await;
        for _ in 0..(seed >> 33) % 40 {
            tokio::task::yield_now().await;
        }
        // Most by the login, which leaves the witness; each tenth by the lock, as locking does it.
        let locked = round % 10 == 0;
        let drained = match locked {
            true => stage.registry.revoke(Scope::Terminal(stage.terminal), Revocation::Locked, LONG).await,
            false => stage.registry.revoke(Scope::Session(stage.logins[0]), Revocation::LoginEnded, LONG).await,
        };
        assert_eq!(drained, Release::Complete, "round {round}");
        if locked {
            witness = stage.view_as(1, "&cols=80&rows=24").await.unwrap();
        }
        // From here on, whatever the shell says is not for the one that was cut.
        witness.type_line(&format!("echo {round}-after >&3")).await;
        witness.until(&format!("mark-{round}-after")).await;
        let code = cut.closed().await;
        let reason = if locked { 4423 } else { 4401 };
        assert!(code == reason || code == 0, "round {round}: {code}");
        assert!(!cut.text().contains(&format!("{round}-after")), "round {round}: {:?}", cut.tail());
        (witness.start, witness.bytes) = (witness.position(), Vec::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_half_way_out_at_the_cut_ends_before_it_and_the_reason_follows() {
    let stage = Stage::narrow().await;
    let mut witness = stage.view_as(1, "").await.unwrap();
    // More than both sockets hold, and nobody reads it.
    let mut behind = async || {
        let viewer = stage.view_narrow("").await;
        witness.type_line(FLOOD).await;
        witness.until(FLOOD_END).await;
        (witness.start, witness.bytes) = (witness.position(), Vec::new());
        viewer
    };
    // It begins to read as the cut falls. On a busy machine it may come to that too late for the reason, but not every time.
    let mut told = 0;
    for _ in 0..10 {
        let mut viewer = behind().await;
        let cut = stage.registry.revoke(Scope::Session(stage.logins[0]), Revocation::LoginEnded, LONG);
        let (drained, code) = tokio::join!(cut, viewer.closed());
        assert_eq!(drained, Release::Complete);
        told = code;
        if told != 0 {
            break;
        }
    }
    assert_eq!(told, 4401);
    // One that never reads holds nothing up, and learns no reason.
    let mut stuck = behind().await;
    // Half of what a viewer is waited for that takes nothing.
    let less = ws::Timeouts::default().write / 2;
    assert_eq!(
        stage.registry.revoke(Scope::Session(stage.logins[0]), Revocation::LoginEnded, less).await,
        Release::Complete
    );
    assert_eq!(stuck.closed().await, 0);
}

#[tokio::test]
async fn input_after_the_grant_ended_reaches_nobody() {
    let stage = Stage::set().await;
    stage.lock_with_grant().await;
    assert_eq!(stage.view_as(1, "").await.err(), Some(423), "the other login has no grant");
    let mut viewer = stage.view("").await;
    assert_eq!(viewer.hello.granted_until, Some(stage.clock.now().plus_secs(60)));
    viewer.warned(protocol::ProblemKind::Locked).await;
    viewer.type_line("echo rea''dy").await;
    viewer.until("ready").await;
    stage.clock.advance_secs(59);
    viewer.type_line("echo st''ill").await;
    viewer.until("still").await;
    stage.clock.advance_secs(59);
    viewer.type_line("echo kept by t''yping").await;
    viewer.until("kept by typing").await;
    stage.clock.advance_secs(61);
    let file = stage.path("typed-too-late");
    viewer.type_line(&format!("touch {file}")).await;
    assert_eq!(viewer.closed().await, 4423);
    assert_eq!(stage.view_as(0, "").await.err(), Some(423));
    // A new grant, the same shell: what was typed too late never came to it.
    stage.lock_with_grant().await;
    let mut again = stage.view("").await;
    again.type_line("echo $((40+2))-again").await;
    again.until("42-again").await;
    assert!(!exists(&file) && !again.text().contains("typed-too-late"));
}

#[tokio::test]
async fn a_message_in_which_nothing_was_typed_keeps_no_grant_alive() {
    let stage = Stage::set().await;
    stage.lock_with_grant().await;
    let mut viewer = stage.view("").await;
    stage.clock.advance_secs(59);
    viewer.send(&ClientFrame::Input(b"")).await;
    viewer.send(&ClientFrame::Ping(7)).await;
    while viewer.frame().await != Ok(ServerFrame::Pong(7)) {}
    stage.clock.advance_secs(2);
    assert_eq!(viewer.closed().await, 4423);
}

/// Nothing wakes a viewer at the very instant its grant ends; the lease is asked before every message all the same.
#[tokio::test]
async fn output_after_the_grant_ended_reaches_nobody() {
    let stage = Stage::set().await;
    stage.lock_with_grant().await;
    let mut viewer = stage.view("").await;
    // Nothing but the one line comes from it: whatever comes is looked at as well, and would end it.
    viewer.acks = false;
    let go = stage.path("line");
    let echoes = format!("mkfifo {go}; exec 3<>{go}; while read l; do echo \"mark-$l\"; done <&3 & echo rea''dy");
    viewer.type_line(&echoes).await;
    viewer.until("ready").await;
    std::fs::write(&go, "early\n").unwrap();
    viewer.until("mark-early").await;
    stage.clock.advance_secs(61);
    std::fs::write(&go, "late\n").unwrap();
    assert_eq!(viewer.closed().await, 4423);
    assert!(!viewer.text().contains("mark-late"), "{:?}", viewer.tail());
}

#[tokio::test]
async fn typing_is_written_down_so_that_a_killed_server_remembers_it() {
    let stage = Stage::set().await;
    stage.lock_with_grant().await;
    let mut viewer = stage.view("").await;
    stage.clock.advance_secs(30);
    viewer.type_line("echo rea''dy").await;
    viewer.until("ready").await;
    drop(viewer);
    let typed_at = stage.clock.now();
    let written = async {
        let stored = || stage.db.facts(stage.logins[0], stage.terminal);
        while stored().await.unwrap().grant.map(|grant| grant.last_input_at) != Some(typed_at) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, written).await.expect("it is written down");
    let mut tx = stage.db.read().await.unwrap();
    assert_eq!(tx.terminal(stage.terminal).await.unwrap().unwrap().last_active_at, typed_at);
}
