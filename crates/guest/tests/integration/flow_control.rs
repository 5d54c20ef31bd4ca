//! The output window and the input queue.

use guest_protocol::{FromGuest, ToGuest};
use protocol::limits;

use crate::support::{self, Guest, size};

#[test]
fn pty_is_read_up_to_the_window_and_no_further() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    let opened = server.open(1, "main", size(80, 24), 0);
    let until = opened.newest + 100_000;
    server.send(&ToGuest::Window { pane: 1, until });
    server.type_line(1, "yes");
    server.read_output(1, 100_000);
    // The reply follows all output that was read before it.
    server.send(&ToGuest::Inspect);
    while !matches!(server.next(), FromGuest::Report(_)) {}
    assert_eq!(server.position(1), until);
    server.send(&ToGuest::Input { pane: 1, bytes: b"\x03".to_vec() });
    server.type_line(1, "echo $((40+2))-back");
    server.send(&ToGuest::Window { pane: 1, until: until + 10_000_000 });
    server.read_until(1, "42-back");
    assert!(server.position(1) - until < 300_000, "only the output that the kernel had buffered");
}

#[test]
fn large_paste_arrives_complete() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    server.type_line(1, "stty raw -echo; echo rea''dy; head -c 262144 | cksum; stty sane");
    server.read_until(1, "ready");
    let paste: Vec<u8> = (0..262_144u32).map(|i| b'a' + u8::try_from(i * 7 % 26).unwrap()).collect();
    for piece in paste.chunks(limits::CLIENT_FRAME_BYTES_MAX) {
        server.send(&ToGuest::Input { pane: 1, bytes: piece.to_vec() });
    }
    let expected = support::cksum(&paste);
    server.read_until(1, &format!("{expected} 262144"));
}

#[test]
fn unread_input_of_one_pane_does_not_delay_other_panes() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    server.open(2, "other", size(80, 24), 0);
    server.type_line(1, "stty raw -echo; echo pid=$$,rea''dy; sleep 1000");
    let seen = server.read_until(1, ",ready");
    let shell = seen.rsplit_once("pid=").and_then(|(_, rest)| rest.split_once(',')).unwrap().0.to_owned();
    let piece = vec![b'x'; limits::CLIENT_FRAME_BYTES_MAX];
    for _ in 0..limits::INPUT_IN_FLIGHT_BYTES_MAX / piece.len() {
        server.send(&ToGuest::Input { pane: 1, bytes: piece.clone() });
    }
    server.type_line(2, "echo $((40+2))-free");
    server.read_until(2, "42-free");
    // When the shell ends, the pane discards the queued input and acknowledges it.
    server.type_line(2, &format!("kill -9 {shell}"));
    let mut acknowledged = 0;
    while acknowledged < limits::INPUT_IN_FLIGHT_BYTES_MAX - limits::INPUT_ACK_BYTES {
        if let FromGuest::InputAck { pane: 1, bytes } = server.next() {
            acknowledged += bytes as usize;
        }
    }
}
