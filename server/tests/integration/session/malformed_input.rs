//! Invalid frames, floods of frames, and bytes that are not text.

use protocol::frame::ClientFrame;
use tokio_tungstenite::tungstenite::Message;

use super::fixture::SessionFixture;

#[tokio::test]
async fn an_invalid_frame_closes_only_its_own_socket() {
    let fixture = SessionFixture::start().await;
    let mut witness = fixture.attach("").await;
    let huge = vec![0u8; 10 * 1024 * 1024];
    let bad: [Message; 10] = [
        Message::Text("ls".into()),
        Message::Binary(vec![].into()),
        Message::Binary(vec![0x42].into()),
        Message::Binary(vec![0x01, 0, 80].into()),
        Message::Binary(vec![0x80, b'{', b'}'].into()),
        Message::Binary(vec![0x02; 20].into()),
        Message::Binary(vec![0x03; 10].into()),
        Message::Binary(vec![0x7f].into()),
        Message::Binary(vec![0x81, 0, 0, 0, 0, 0, 0, 0, 0, 65].into()),
        Message::Binary(huge.into()),
    ];
    for message in bad {
        let mut client = fixture.attach("").await;
        let large = message.len() > 1_000_000;
        client.raw(message).await;
        let code = client.closed().await;
        // The close frame may be lost when the server stops reading a large message.
        assert!(code == 4400 || large && code == 0, "{code}");
    }
    witness.type_line("echo $((40+2))-well").await;
    witness.until("42-well").await;
}

#[tokio::test]
async fn a_flood_of_tiny_frames_does_not_disturb_the_session() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("").await;
    for round in 0..20_000u64 {
        client.send(&ClientFrame::Ack(u64::MAX - round)).await;
        client.send(&ClientFrame::Input(b"")).await;
        client.send(&ClientFrame::Resize(protocol::frame::Size { cols: 80, rows: 24 })).await;
    }
    client.type_line("echo $((40+2))-well").await;
    client.until("42-well").await;
}

#[tokio::test]
async fn non_utf8_bytes_pass_unchanged_in_both_directions() {
    let fixture = SessionFixture::start().await;
    let mut client = fixture.attach("").await;
    client
        .type_line(
            "stty raw -echo; echo rea''dy; head -c 256 | od -An -tx1 -v | tr -d ' \\n'; stty sane; echo .-$((40+2))",
        )
        .await;
    client.until("ready").await;
    let all: Vec<u8> = (0..=255).collect();
    client.send(&ClientFrame::Input(&all)).await;
    client.until(".-42").await;
    let hex: String = all.iter().map(|b| format!("{b:02x}")).collect();
    assert!(client.text().contains(&hex), "{}", client.text());
    client.type_line("printf '\\377\\200\\001end-of-bytes'").await;
    client.until("\u{1}end-of-bytes").await;
    assert!(client.bytes.windows(3).any(|w| w == [0xff, 0x80, 1]));
}
