//! Floods: the slowest viewer is nobody's problem but its own, and Ctrl-C works.

use protocol::{frame::ClientFrame, limits};

use super::stage::Stage;

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
    viewer.type_line(&format!("sleep 0.1; seq 1 1000000; touch {done}")).await;
    viewer.until("touch").await;
    drop(viewer);
    super::stage::wait_for("the program to end", || super::stage::exists(&done)).await;
}
