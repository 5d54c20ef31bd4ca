//! Shells on PTYs: input, output, size, exit status.

use guest_protocol::{FromGuest, ToGuest};

use crate::support::{Guest, size};

#[test]
fn hello_is_the_first_message_and_input_reaches_the_shell() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    let opened = server.open(1, "main", size(80, 24), 0);
    assert!(opened.new_shell && opened.oldest == opened.newest);
    server.type_line(1, "echo $((40+2))-ok");
    let seen = server.read_until(1, "42-ok");
    assert!(seen.contains("echo $((40+2))-ok"), "the kernel's echo: {seen:?}");
}

#[test]
fn shell_has_the_size_of_open_and_follows_resize() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(132, 43), 0);
    server.type_line(1, "stty size; echo first");
    assert!(server.read_until(1, "\r\nfirst").contains("43 132"));
    server.send(&ToGuest::Resize { pane: 1, size: size(90, 20) });
    server.type_line(1, "stty size; echo second");
    assert!(server.read_until(1, "\r\nsecond").contains("20 90"));
}

#[test]
fn exit_follows_the_last_output_and_positions_continue() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(80, 24), 0);
    server.type_line(1, "exec sh -c 'seq 1 20000; printf end-of-it; exit 7'");
    let (seen, status) = server.read_until_exit(1);
    assert!(seen.ends_with("20000\r\nend-of-it"), "{:?}", &seen[seen.len() - 40..]);
    assert_eq!(status, 7);
    let end = server.position(1);
    let again = server.open(2, "main", size(80, 24), end);
    assert!(again.new_shell);
    assert_eq!(again.newest, end, "the new shell continues where the old one ended");
    server.type_line(2, "kill -9 $$");
    assert_eq!(server.read_until_exit(2).1, 128 + 9);
}

#[test]
fn each_pane_has_its_own_shell_and_their_number_is_limited() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    for pane in 0..8u16 {
        server.open(pane, &format!("pane{pane}"), size(80, 24), 0);
    }
    server.send(&ToGuest::Open { pane: 9, name: "one-more".into(), size: size(80, 24), from: 0 });
    while !matches!(server.next(), FromGuest::OpenFailed { pane: 9, .. }) {}
    server.type_line(7, "exit 3");
    assert_eq!(server.read_until_exit(7).1, 3);
    server.open(9, "one-more", size(80, 24), 0);
    server.type_line(9, "echo $((40+2))");
    server.read_until(9, "42");
}
