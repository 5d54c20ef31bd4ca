//! Output that the server requests again after a disconnect.

use guest_protocol::ToGuest;
use protocol::limits;

use crate::support::{self, Guest, size};

#[test]
fn output_resumes_at_any_byte_even_within_a_character() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    let start = server.open(1, "main", size(80, 24), 0).oldest;
    server.type_line(1, "for i in 1 2 3 4 5 6 7 8 9; do printf '€€€ä%s' $i; done; echo .");
    server.read_until(1, "ä9.");
    let all = server.output(1).to_vec();
    for cut in (0..all.len()).step_by(7) {
        drop(server);
        server = guest.accept();
        let opened = server.open(3, "main", size(80, 24), start + cut as u64);
        assert!(!opened.new_shell);
        server.read_output(3, all.len() - cut);
        // The next prompt may follow.
        assert_eq!(server.output(3)[..all.len() - cut], all[cut..], "from byte {cut}");
    }
}

#[test]
fn fast_reader_receives_the_whole_output_buffer() {
    let mut guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    let (go, done) = (guest.path("go"), guest.path("done"));
    server.type_line(1, &format!("while ! [ -e {go} ]; do :; done; seq 1 400000; touch {done}"));
    server.read_until(1, "touch");
    drop(server);
    guest.close();
    std::fs::write(&go, "").unwrap();
    support::wait_for(|| std::path::Path::new(&done).exists(), "the shell to write its output");
    guest.listen();
    // Whether the socket is ever full for the guest depends on timing, so the test repeats.
    for _ in 0..200 {
        let mut server = guest.accept();
        server.send(&ToGuest::Open { pane: 1, name: "main".into(), size: size(80, 24), from: 0 });
        server.discard(limits::OUTPUT_BUFFER_BYTES);
    }
}

#[test]
fn shell_keeps_running_while_the_server_is_down() {
    let mut guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    let mark = guest.path("done");
    // More than the output buffer holds. The shell must not block although no server reads.
    server.type_line(1, &format!("while ! [ -e {} ]; do :; done; seq 1 400000; touch {}", guest.path("go"), mark));
    server.read_until(1, "touch");
    drop(server);
    guest.close();
    std::fs::write(guest.path("go"), "").unwrap();
    support::wait_for(|| std::path::Path::new(&mark).exists(), "the shell to write its output");
    guest.listen();
    let mut server = guest.accept();
    let opened = server.open(1, "main", size(80, 24), 0);
    assert_eq!(opened.newest - opened.oldest, limits::OUTPUT_BUFFER_BYTES as u64);
    server.send(&ToGuest::Window { pane: 1, until: u64::MAX });
    assert!(server.read_until(1, "\r\n400000\r\n").contains("399999"));
}
