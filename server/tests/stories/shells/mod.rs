//! What a viewer of a shell may rely on: every byte once and in order, or a redraw; and not one byte after a cut.

pub mod client;
mod cuts;
mod flow;
mod hostile;
mod resume;
mod stage;

use protocol::frame::ClientFrame;

use stage::Stage;

#[tokio::test]
async fn greets_redraws_and_then_every_byte_goes_both_ways() {
    let stage = Stage::set().await;
    let mut viewer = stage.view("&cols=132&rows=43").await;
    assert_eq!((viewer.hello.cols, viewer.hello.rows, viewer.hello.pane.as_str()), (132, 43, "main"));
    assert!(viewer.hello.writer && viewer.hello.granted_until.is_none());
    viewer.type_line("stty size; echo $((40+2))-ok").await;
    viewer.until("42-ok").await;
    assert!(viewer.text().contains("43 132"), "{}", viewer.text());
    assert_eq!(viewer.redraws, 1, "one redraw, at the beginning");
    viewer.send(&ClientFrame::Ping(77)).await;
    while viewer.frame().await.unwrap() != protocol::frame::ServerFrame::Pong(77) {}
}

#[tokio::test]
async fn the_last_output_comes_before_the_status_and_the_next_viewer_has_a_new_shell() {
    let stage = Stage::set().await;
    let mut viewer = stage.view("").await;
    viewer.type_line("exec sh -c 'seq 1 20000; printf end-of-it; exit 7'").await;
    assert_eq!(viewer.closed().await, 4000);
    assert!(viewer.text().ends_with("20000\r\nend-of-it"), "{}", viewer.tail());
    assert_eq!(viewer.exit, Some(7));
    let mut next = stage.view("").await;
    assert!(next.hello.position >= viewer.position(), "positions go on");
    next.resize(100, 30).await;
    next.redrawn(viewer.position()).await;
    assert!(!String::from_utf8_lossy(next.redraw.as_deref().unwrap()).contains("20000"), "on a blank screen");
    next.type_line("echo $((40+2))-new").await;
    next.until("42-new").await;
}

#[tokio::test]
async fn the_size_of_who_typed_last_counts() {
    let stage = Stage::set().await;
    let mut wide = stage.view("&cols=150&rows=50").await;
    let mut small = stage.view("&cols=70&rows=20").await;
    assert_eq!(small.hello.cols, 150, "looking on changes nothing");
    small.type_line("stty size; echo one-$((40+2))").await;
    small.until("one-42").await;
    assert!(small.text().contains("20 70"), "{}", small.text());
    wide.type_line("stty size; echo two-$((40+2))").await;
    wide.until("two-42").await;
    assert!(wide.text().contains("50 150"), "{}", wide.text());
    small.resize(60, 10).await;
    small.type_line("stty size; echo three-$((40+2))").await;
    small.until("three-42").await;
    assert!(small.text().contains("10 60"), "{}", small.text());
}

#[tokio::test]
async fn panes_of_one_terminal_are_shells_of_their_own() {
    let stage = Stage::set().await;
    let (mut main, mut side) = (stage.view("").await, stage.view("&pane=side").await);
    main.type_line("x=main; echo here-$x").await;
    side.type_line("x=side; echo here-$x").await;
    main.until("here-main").await;
    side.until("here-side").await;
    assert_eq!(side.hello.pane, "side");
    assert!(!main.text().contains("here-side"));
    for number in 2..8 {
        stage.view(&format!("&pane=p{number}")).await;
    }
    assert_eq!(stage.view_as(0, "&pane=p9").await.err(), Some(503), "a bound on shells");
    let mut more = Vec::new();
    for _ in 1..8 {
        more.push(stage.view("").await);
    }
    assert_eq!(stage.view_as(0, "").await.err(), Some(503), "a bound on viewers");
}
