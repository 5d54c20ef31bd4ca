//! Sockets of people who read no documentation.

use protocol::frame::ClientFrame;
use tokio_tungstenite::tungstenite::Message;

use super::stage::Stage;

#[tokio::test]
async fn what_is_not_a_frame_is_the_end_of_its_socket_alone() {
    let stage = Stage::set().await;
    let mut witness = stage.view("").await;
    let huge = vec![0u8; 10 * 1024 * 1024];
    let bad: [Message; 7] = [
        Message::Text("ls".into()),
        Message::Binary(vec![].into()),
        Message::Binary(vec![0x42].into()),
        Message::Binary(vec![0x01, 0, 80].into()),
        Message::Binary(vec![0x80, b'{', b'}'].into()),
        Message::Binary(vec![0x02; 20].into()),
        Message::Binary(huge.into()),
    ];
    for message in bad {
        let mut viewer = stage.view("").await;
        let large = message.len() > 1_000_000;
        viewer.raw(message).await;
        let code = viewer.closed().await;
        // Of a message that is cut off in its middle the answer may be lost.
        assert!(code == 4400 || large && code == 0, "{code}");
    }
    witness.type_line("echo $((40+2))-well").await;
    witness.until("42-well").await;
}

#[tokio::test]
async fn a_flood_of_tiny_frames_is_work_and_nothing_more() {
    let stage = Stage::set().await;
    let mut viewer = stage.view("").await;
    for round in 0..20_000u64 {
        viewer.send(&ClientFrame::Ack(u64::MAX - round)).await;
        viewer.send(&ClientFrame::Input(b"")).await;
        viewer.send(&ClientFrame::Resize(protocol::frame::Size { cols: 80, rows: 24 })).await;
    }
    viewer.type_line("echo $((40+2))-well").await;
    viewer.until("42-well").await;
}

#[tokio::test]
async fn bytes_that_are_no_text_go_through_as_they_are() {
    let stage = Stage::set().await;
    let mut viewer = stage.view("").await;
    viewer
        .type_line(
            "stty raw -echo; echo rea''dy; head -c 256 | od -An -tx1 -v | tr -d ' \\n'; stty sane; echo .-$((40+2))",
        )
        .await;
    viewer.until("ready").await;
    let all: Vec<u8> = (0..=255).collect();
    viewer.send(&ClientFrame::Input(&all)).await;
    viewer.until(".-42").await;
    let hex: String = all.iter().map(|b| format!("{b:02x}")).collect();
    assert!(viewer.text().contains(&hex), "{}", viewer.text());
    viewer.type_line("printf '\\377\\200\\001end-of-bytes'").await;
    viewer.until("\u{1}end-of-bytes").await;
    assert!(viewer.bytes.windows(3).any(|w| w == [0xff, 0x80, 1]));
}
