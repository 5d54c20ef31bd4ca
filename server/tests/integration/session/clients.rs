//! Attaching to panes: Hello, redraw, output and input, exit, size, bounds.

use protocol::frame::ClientFrame;

use super::fixture::SessionFixture;

#[tokio::test]
async fn a_client_gets_hello_then_a_redraw_then_all_bytes_in_both_directions() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("&cols=132&rows=43").await;
    assert_eq!((client.hello.cols, client.hello.rows, client.hello.pane.as_str()), (132, 43, "main"));
    assert!(client.hello.writer && client.hello.granted_until.is_none());
    client.type_line("stty size; echo $((40+2))-ok").await;
    client.until("42-ok").await;
    assert!(client.text().contains("43 132"), "{}", client.text());
    assert_eq!(client.redraws, 1, "one redraw, at the beginning");
    client.send(&ClientFrame::Ping(77)).await;
    while client.frame().await.unwrap() != protocol::frame::ServerFrame::Pong(77) {}
}

#[tokio::test]
async fn a_character_split_between_messages_arrives_complete() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("&cols=132&rows=43").await;
    for byte in "printf %s 漢🙂 | od -An -tx1\r".bytes() {
        client.send(&ClientFrame::Input(&[byte])).await;
    }
    client.until("e6 bc a2 f0 9f 99 82").await;
}

#[tokio::test]
async fn the_last_output_precedes_the_exit_status_and_the_next_client_gets_a_new_shell() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("").await;
    client.type_line("exec sh -c 'seq 1 20000; printf end-of-it; exit 7'").await;
    assert_eq!(client.closed().await, 4000);
    assert!(client.text().ends_with("20000\r\nend-of-it"), "{}", client.tail());
    assert_eq!(client.exit, Some(7));
    let mut next = fixture.attach("").await;
    assert!(next.hello.position >= client.position(), "positions go on");
    next.resize(100, 30).await;
    next.redrawn(client.position()).await;
    assert!(!String::from_utf8_lossy(next.redraw.as_deref().unwrap()).contains("20000"), "on a blank screen");
    next.type_line("echo $((40+2))-new").await;
    next.until("42-new").await;
}

#[tokio::test]
async fn the_pane_has_the_size_of_the_client_that_typed_last() {
    let fixture = SessionFixture::start().await;
    let mut wide = fixture.attach("&cols=150&rows=50").await;
    let mut small = fixture.attach("&cols=70&rows=20").await;
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
async fn a_client_without_the_right_to_input_or_resize_changes_nothing() {
    let fixture = SessionFixture::start().await;
    let mut looking = fixture.attach("&view_only=true&cols=70&rows=20").await;
    assert!(!looking.hello.writer);
    let mut typing = fixture.attach("&cols=150&rows=50").await;
    looking.resize(60, 10).await;
    looking.type_line("echo $((40+2))-forbidden").await;
    looking.send(&ClientFrame::Reply(b"echo $((40+2))-forbidden\n")).await;
    typing.type_line("echo $((40+2))-seen").await;
    looking.until("42-seen").await;
    // Frames of one client are handled in order, so after the pong all of them were.
    looking.send(&ClientFrame::Ping(1)).await;
    while looking.frame().await.unwrap() != protocol::frame::ServerFrame::Pong(1) {}
    typing.type_line("stty size; echo $((40+2))-typed").await;
    typing.until("42-typed").await;
    assert!(typing.text().contains("50 150"), "{}", typing.text());
    assert!(!typing.text().contains("forbidden"), "{}", typing.text());
}

#[tokio::test]
async fn panes_have_separate_shells_and_panes_and_clients_are_bounded() {
    let fixture = SessionFixture::start().await;
    let (mut main, mut side) = (fixture.attach("").await, fixture.attach("&pane=side").await);
    main.type_line("x=main; echo here-$x").await;
    side.type_line("x=side; echo here-$x").await;
    main.until("here-main").await;
    side.until("here-side").await;
    assert_eq!(side.hello.pane, "side");
    assert!(!main.text().contains("here-side"));
    for number in 2..8 {
        fixture.attach(&format!("&pane=p{number}")).await;
    }
    assert_eq!(fixture.attach_as(0, "&pane=p9").await.err(), Some(503), "a bound on shells");
    let mut more = Vec::new();
    for _ in 1..8 {
        more.push(fixture.attach("").await);
    }
    assert_eq!(fixture.attach_as(0, "").await.err(), Some(503), "a bound on clients");
}
