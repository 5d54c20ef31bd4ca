//! Floods: the slowest viewer is nobody's problem but its own, and Ctrl-C works.

use std::time::Instant;

use protocol::{frame::ClientFrame, limits};
use rexec::access::{Cut, Drained};

use super::{client::DEADLINE, stage::Stage};

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
    witness.type_line("yes").await;
    witness.until("y\r\ny\r\n").await;
    // Two of them, and the flood goes on until it is more than their sockets hold.
    let (mut slow, mut stuck) =
        (stage.view_narrow("&impatient=true").await, stage.view_narrow("&impatient=true").await);
    witness.reach(witness.position() + 2 * limits::OUTSTANDING_BYTES_MAX).await;
    assert_eq!(slow.closed().await, 4429);
    let got = slow.position();
    assert!(got < witness.position(), "it was dropped while there was more");
    // The other one still has not read its reason. A cut does not wait for that.
    let began = Instant::now();
    assert_eq!(stage.cuts.session(stage.logins[0], Cut::LoginEnded, DEADLINE).await, Drained::All);
    assert!(began.elapsed() < DEADLINE / 10);
    assert_eq!(stuck.closed().await, 0, "half a message was left");
    assert_eq!(witness.redraws, 1, "whoever reads got every byte");
    witness.send(&ClientFrame::Input(b"\x03")).await;
    witness.type_line("echo $((40+2))-lives").await;
    witness.until("42-lives").await;
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
    assert_eq!(stage.cuts.terminal(stage.terminal, Cut::Locked, DEADLINE).await, Drained::All);
    std::fs::write(&go, "").unwrap();
    super::stage::wait_for("the program to end", || super::stage::exists(&done)).await;
}
