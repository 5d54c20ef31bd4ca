//! The guest as an ordinary process: real terminals, a real socket, and this test in the server's place.

mod peer;

use guest_protocol::{FromGuest, ToGuest};
use peer::{Guest, size};
use protocol::limits;

#[test]
fn says_hello_first_and_echoes_what_is_typed() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    let opened = peer.open(1, "main", size(80, 24), 0);
    assert!(opened.fresh && opened.oldest == opened.newest);
    peer.type_line(1, "echo $((40+2))-ok");
    let seen = peer.until(1, "42-ok");
    assert!(seen.contains("echo $((40+2))-ok"), "the kernel's echo: {seen:?}");
}

#[test]
fn a_new_shell_has_the_size_it_was_opened_with_and_follows_changes() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(132, 43), 0);
    peer.type_line(1, "stty size; echo first");
    assert!(peer.until(1, "\r\nfirst").contains("43 132"));
    peer.send(&ToGuest::Resize { pane: 1, size: size(90, 20) });
    peer.type_line(1, "stty size; echo second");
    assert!(peer.until(1, "\r\nsecond").contains("20 90"));
}

#[test]
fn the_last_output_comes_before_the_exit_status_and_positions_go_on() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    peer.type_line(1, "exec sh -c 'seq 1 20000; printf end-of-it; exit 7'");
    let (seen, status) = peer.until_exit(1);
    assert!(seen.ends_with("20000\r\nend-of-it"), "{:?}", &seen[seen.len() - 40..]);
    assert_eq!(status, 7);
    let end = peer.position(1);
    let again = peer.open(2, "main", size(80, 24), end);
    assert!(again.fresh);
    assert_eq!(again.newest, end, "a restarted shell goes on where the old one ended");
    peer.type_line(2, "kill -9 $$");
    assert_eq!(peer.until_exit(2).1, 128 + 9);
}

#[test]
fn resumes_at_any_byte_even_in_the_middle_of_a_character() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    let start = peer.open(1, "main", size(80, 24), 0).oldest;
    peer.type_line(1, "for i in 1 2 3 4 5 6 7 8 9; do printf '€€€ä%s' $i; done; echo .");
    peer.until(1, "ä9.");
    let all = peer.bytes(1).to_vec();
    for cut in (0..all.len()).step_by(7) {
        drop(peer);
        peer = guest.accept();
        let opened = peer.open(3, "main", size(80, 24), start + cut as u64);
        assert!(!opened.fresh);
        peer.collect(3, all.len() - cut);
        // The prompt may have come since.
        assert_eq!(peer.bytes(3)[..all.len() - cut], all[cut..], "from byte {cut}");
    }
}

#[test]
fn a_server_that_reads_as_fast_as_it_is_sent_gets_all_of_a_full_ring() {
    let mut guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    let (go, done) = (guest.path("go"), guest.path("done"));
    peer.type_line(1, &format!("while ! [ -e {go} ]; do :; done; seq 1 400000; touch {done}"));
    peer.until(1, "touch");
    drop(peer);
    guest.close();
    std::fs::write(&go, "").unwrap();
    peer::wait_for(|| std::path::Path::new(&done).exists(), "the shell");
    guest.listen();
    // Whether the socket ever seems full to the guest is a matter of luck; it must not matter.
    for _ in 0..200 {
        let mut peer = guest.accept();
        peer.send(&ToGuest::Open { pane: 1, name: "main".into(), size: size(80, 24), from: 0 });
        peer.swallow(limits::RING_BYTES);
    }
}

#[test]
fn the_shell_goes_on_while_the_server_is_away() {
    let mut guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    let mark = guest.path("done");
    // More than the ring: a shell must not hang because nobody reads.
    peer.type_line(1, &format!("while ! [ -e {} ]; do :; done; seq 1 400000; touch {}", guest.path("go"), mark));
    peer.until(1, "touch");
    drop(peer);
    guest.close();
    std::fs::write(guest.path("go"), "").unwrap();
    peer::wait_for(|| std::path::Path::new(&mark).exists(), "the shell to end its work");
    guest.listen();
    let mut peer = guest.accept();
    let opened = peer.open(1, "main", size(80, 24), 0);
    assert_eq!(opened.newest - opened.oldest, limits::RING_BYTES as u64);
    peer.send(&ToGuest::Window { pane: 1, until: u64::MAX });
    assert!(peer.until(1, "\r\n400000\r\n").contains("399999"));
}

#[test]
fn reads_the_terminal_up_to_the_window_and_no_further() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    let opened = peer.open(1, "main", size(80, 24), 0);
    let until = opened.newest + 100_000;
    peer.send(&ToGuest::Window { pane: 1, until });
    peer.type_line(1, "yes");
    peer.collect(1, 100_000);
    // A question and its answer: had more been read, it would have come before.
    peer.send(&ToGuest::Inspect);
    while !matches!(peer.next(), FromGuest::Report(_)) {}
    assert_eq!(peer.position(1), until);
    peer.send(&ToGuest::Input { pane: 1, bytes: b"\x03".to_vec() });
    peer.type_line(1, "echo $((40+2))-back");
    peer.send(&ToGuest::Window { pane: 1, until: until + 10_000_000 });
    peer.until(1, "42-back");
    assert!(peer.position(1) - until < 300_000, "what the kernel held, and no more");
}

#[test]
fn a_large_paste_arrives_whole() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    peer.type_line(1, "stty raw -echo; echo rea''dy; head -c 262144 | cksum; stty sane");
    peer.until(1, "ready");
    let paste: Vec<u8> = (0..262_144u32).map(|i| b'a' + u8::try_from(i * 7 % 26).unwrap()).collect();
    for piece in paste.chunks(limits::CLIENT_FRAME_BYTES_MAX) {
        peer.send(&ToGuest::Input { pane: 1, bytes: piece.to_vec() });
    }
    let expected = peer::cksum(&paste);
    peer.until(1, &format!("{expected} 262144"));
}

#[test]
fn input_that_a_program_does_not_read_holds_nothing_else_back() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    peer.open(2, "other", size(80, 24), 0);
    peer.type_line(1, "stty raw -echo; echo pid=$$,rea''dy; sleep 1000");
    let seen = peer.until(1, ",ready");
    let shell = seen.rsplit_once("pid=").and_then(|(_, rest)| rest.split_once(',')).unwrap().0.to_owned();
    let piece = vec![b'x'; limits::CLIENT_FRAME_BYTES_MAX];
    for _ in 0..limits::INPUT_BYTES_MAX / piece.len() {
        peer.send(&ToGuest::Input { pane: 1, bytes: piece.clone() });
    }
    peer.type_line(2, "echo $((40+2))-free");
    peer.until(2, "42-free");
    // When the shell ends, the pane discards the waiting input and reports it as taken.
    peer.type_line(2, &format!("kill -9 {shell}"));
    let mut taken = 0;
    while taken < limits::INPUT_BYTES_MAX - limits::INPUT_TAKEN_BYTES {
        if let FromGuest::Taken { pane: 1, bytes } = peer.next() {
            taken += bytes as usize;
        }
    }
}

#[test]
fn panes_are_shells_of_their_own_and_bounded() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    for pane in 0..8u16 {
        peer.open(pane, &format!("pane{pane}"), size(80, 24), 0);
    }
    peer.send(&ToGuest::Open { pane: 9, name: "one-more".into(), size: size(80, 24), from: 0 });
    while !matches!(peer.next(), FromGuest::OpenFailed { pane: 9, .. }) {}
    peer.type_line(7, "exit 3");
    assert_eq!(peer.until_exit(7).1, 3);
    peer.open(9, "one-more", size(80, 24), 0);
    peer.type_line(9, "echo $((40+2))");
    peer.until(9, "42");
}

#[test]
fn termination_ends_the_guest_when_a_shell_ignores_sighup() {
    let mut guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    peer.type_line(1, "trap '' HUP; echo $((40+2))-ignored");
    peer.until(1, "42-ignored");
    guest.terminate();
    assert!(guest.wait().success());
}

#[test]
fn hostile_bytes_cost_the_connection_and_nothing_else() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    peer.type_line(1, "x=kept");
    for garbage in [&[0xffu8; 64][..], &[0, 0, 0, 0], &[0, 0, 0, 2, 0x7f, 0], &[0, 0, 0, 2, 0x01, 0]] {
        peer.raw(garbage);
        peer.lost();
        peer = guest.accept();
    }
    peer.send(&ToGuest::Input { pane: 77, bytes: b"late".to_vec() });
    peer.open(1, "main", size(80, 24), 0);
    peer.type_line(1, "echo $x-$((40+2))");
    peer.until(1, "kept-42");
}

#[test]
fn sudo_is_refused_until_the_policy_allows_it() {
    let guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(120, 24), 0);
    let sudo = format!("{} sudo-at {}", env!("CARGO_BIN_EXE_rexec-guest"), guest.path("sudo"));
    peer.type_line(1, &format!("{sudo} true; echo status=$?"));
    assert!(peer.until(1, "\r\nstatus=1").contains("root commands are not allowed"));
    peer.send(&ToGuest::Policy { root_allowed: true });
    peer.type_line(1, &format!("cd /; {sudo} sh -c 'pwd; tty; read x; echo got-$x; exit 9'; echo status=$?"));
    peer.until(1, "/dev/");
    peer.type_line(1, "line");
    peer.until(1, "\r\ngot-line\r\nstatus=9");
    // Ctrl-C reaches the command although it is not of the terminal's session.
    peer.type_line(1, &format!("{sudo} sh -c 'echo star''ted; sleep 1000'; echo status=$?"));
    peer.until(1, "started");
    peer.send(&ToGuest::Input { pane: 1, bytes: b"\x03".to_vec() });
    peer.until(1, "status=130");
    peer.type_line(1, &format!("{sudo} no-such-program; echo end=$?"));
    assert!(peer.until(1, "\r\nend=1").contains("no-such-program: No such file"));
}

#[test]
fn orphans_are_reaped_and_the_end_is_quick() {
    let mut guest = Guest::start("/bin/sh");
    let mut peer = guest.accept();
    peer.open(1, "main", size(80, 24), 0);
    peer.type_line(1, "sh -c 'sh -c \"exit 5\" & sh -c \"exit 6\" &'; echo $((40+2))-left");
    peer.until(1, "42-left");
    let pid = guest.pid();
    peer::wait_for(|| peer::children(pid).len() == 1, "the shell to be the only child");
    guest.terminate();
    assert!(guest.wait().success());
}
