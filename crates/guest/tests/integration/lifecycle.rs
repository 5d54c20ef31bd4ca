//! Malformed frames, orphaned processes and termination.

use guest_protocol::ToGuest;

use crate::support::{self, Guest, size};

#[test]
fn malformed_frames_close_the_connection_and_shells_keep_running() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    server.type_line(1, "x=kept");
    for garbage in [&[0xffu8; 64][..], &[0, 0, 0, 0], &[0, 0, 0, 2, 0x7f, 0], &[0, 0, 0, 2, 0x01, 0]] {
        server.send_raw(garbage);
        server.wait_closed();
        server = guest.accept();
    }
    server.send(&ToGuest::Input { pane: 77, bytes: b"late".to_vec() });
    server.open(1, "main", size(80, 24), 0);
    server.type_line(1, "echo $x-$((40+2))");
    server.read_until(1, "kept-42");
}

#[test]
fn orphans_are_reaped_and_termination_ends_the_guest() {
    let mut guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    server.type_line(1, "sh -c 'sh -c \"exit 5\" & sh -c \"exit 6\" &'; echo $((40+2))-left");
    server.read_until(1, "42-left");
    let pid = guest.pid();
    support::wait_for(|| support::children(pid).len() == 1, "the shell to be the only child");
    guest.terminate();
    assert!(guest.wait().success());
}

#[test]
fn termination_ends_the_guest_when_a_shell_ignores_sighup() {
    let mut guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    server.type_line(1, "trap '' HUP; echo $((40+2))-ignored");
    server.read_until(1, "42-ignored");
    guest.terminate();
    assert!(guest.wait().success());
}
