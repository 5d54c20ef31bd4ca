//! Floods: the slowest viewer is nobody's problem but its own, and Ctrl-C works.

use std::time::Duration;

use access::{Release, Revocation, Scope};
use protocol::{frame::ClientFrame, limits};

use super::{
    client::DEADLINE,
    stage::{FLOOD, FLOOD_END, Stage},
};
use access::Revocations as _;

#[tokio::test]
async fn a_slow_viewer_gets_a_redraw_while_a_fast_one_sees_every_byte() {
    let stage = Stage::set().await;
    let mut slow = stage.view("&cols=80&rows=24").await;
    slow.acks = false;
    let mut fast = stage.view("").await;
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
async fn a_viewer_that_does_not_read_is_dropped_with_its_reason_and_harms_nobody() {
    let stage = Stage::narrow().await;
    let mut witness = stage.view_as(1, "").await.unwrap();
    let mut slow = stage.view_narrow("&hurry=write").await;
    let mut stuck = stage.view_narrow("&hurry=write").await;
    let mut others = Vec::new();
    for _ in 3..limits::CLIENTS_MAX {
        others.push(stage.view_as(1, "").await.unwrap());
    }
    assert_eq!(stage.view_as(1, "").await.err(), Some(503), "every seat is taken");
    witness.type_line(FLOOD).await;
    witness.until(FLOOD_END).await;
    // Both lose their seat, before they are told why.
    let seated = async {
        while others.len() < limits::CLIENTS_MAX - 1 {
            match stage.view_as(1, "").await {
                Ok(viewer) => others.push(viewer),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(DEADLINE, seated).await.expect("two seats get free");
    assert_eq!(slow.closed().await, 4429);
    // The other one still has not read its reason, for which it has longer than this. A cut does not wait for that.
    assert_eq!(
        stage.registry.revoke(Scope::Session(stage.logins[0]), Revocation::LoginEnded, DEADLINE).await,
        Release::Complete
    );
    assert_eq!(stuck.closed().await, 0, "half a message was left");
    assert_eq!(witness.redraws, 1, "whoever reads got every byte");
    witness.type_line("echo $((40+2))-lives").await;
    witness.until("42-lives").await;
}

/// Half-open: the connection stands, and nobody is at its other end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answers_no_ping_has_left_and_who_answers_stays() {
    let stage = Stage::set().await;
    let mut here = stage.view_as(1, "&hurry=ping").await.unwrap();
    let gone = stage.view("&hurry=ping").await;
    assert_eq!(stage.registry.active_leases(), 2);
    let left = async {
        while stage.registry.active_leases() == 2 {
            // Reading is what answers pings.
            here.type_line("echo rea''dy").await;
            here.until("ready").await;
            (here.start, here.bytes) = (here.position(), Vec::new());
        }
    };
    tokio::time::timeout(DEADLINE, left).await.expect("it has left");
    here.type_line("echo $((40+2))-here").await;
    here.until("42-here").await;
    drop(gone);
}

#[tokio::test]
async fn nobody_parses_so_the_program_waits_and_control_c_gets_through() {
    let stage = Stage::set().await;
    let mut viewer = stage.view("").await;
    viewer.acks = false;
    let start = viewer.position();
    viewer.type_line("yes").await;
    viewer.reach(start + limits::OUTSTANDING_BYTES_MAX).await;
    viewer.send(&ClientFrame::Input(b"\x03")).await;
    viewer.type_line("echo $((40+2))-back").await;
    viewer.acks = true;
    viewer.send(&ClientFrame::Ack(viewer.position())).await;
    viewer.until("42-back").await;
    let rest = viewer.position() - start - limits::OUTSTANDING_BYTES_MAX;
    // The window moves in steps, the kernel holds some, and that is all: `yes` had waited.
    assert!(rest < 2 * limits::OUTSTANDING_BYTES_MAX, "{rest} bytes after Ctrl-C");
}

#[tokio::test]
async fn a_large_paste_arrives_whole_even_when_its_echo_is_as_large() {
    let stage = Stage::set().await;
    let mut viewer = stage.view("").await;
    let (pieces, piece) = (48, vec![b'x'; limits::CLIENT_FRAME_BYTES_MAX - 1]);
    let total = pieces * piece.len();
    // What goes in comes out again, so output is held back exactly while input waits.
    viewer.type_line(&format!("stty raw -echo; echo rea''dy; head -c {total} | tee /dev/tty | cksum; stty sane")).await;
    viewer.until("ready").await;
    for _ in 0..pieces {
        viewer.send(&ClientFrame::Input(&piece)).await;
    }
    viewer.until(&format!(" {total}")).await;
}

#[tokio::test]
async fn nobody_looks_on_and_the_program_runs_to_its_end() {
    let stage = Stage::set().await;
    let mut viewer = stage.view("").await;
    let done = stage.path("done");
    let go = stage.path("go");
    let program = format!("echo rea''dy; while ! [ -e {go} ]; do sleep 0.01; done; seq 1 1000000; touch {done}");
    viewer.type_line(&program).await;
    viewer.until("ready").await;
    drop(viewer);
    // The viewer's proof is given up with its seat.
    assert_eq!(
        stage.registry.revoke(Scope::Terminal(stage.terminal), Revocation::Locked, DEADLINE).await,
        Release::Complete
    );
    std::fs::write(&go, "").unwrap();
    super::stage::wait_for("the program to end", || super::stage::exists(&done)).await;
}
