//! The sudo client against the sudo server.

use guest_protocol::ToGuest;

use crate::support::{Guest, size};

#[test]
fn sudo_is_refused_until_the_policy_allows_it() {
    let guest = Guest::start("/bin/sh");
    let mut server = guest.accept();
    server.open(1, "main", size(120, 24), 0);
    let sudo = format!("{} sudo-at {}", env!("CARGO_BIN_EXE_rexec-guest"), guest.path("sudo"));
    server.type_line(1, &format!("{sudo} true; echo status=$?"));
    assert!(server.read_until(1, "\r\nstatus=1").contains("root commands are not allowed"));
    server.send(&ToGuest::Policy { root_allowed: true });
    server.type_line(1, &format!("cd /; {sudo} sh -c 'pwd; tty; read x; echo got-$x; exit 9'; echo status=$?"));
    server.read_until(1, "/dev/");
    server.type_line(1, "line");
    server.read_until(1, "\r\ngot-line\r\nstatus=9");
    // The client forwards SIGINT to the command, which is outside the session of the PTY. With `exec` there is one
    // process to signal; between `echo` and the start of a child, `sh` only records SIGINT and waits for the child.
    server.type_line(1, &format!("{sudo} sh -c 'echo star''ted; exec sleep 1000'; echo status=$?"));
    server.read_until(1, "started");
    server.send(&ToGuest::Input { pane: 1, bytes: b"\x03".to_vec() });
    server.read_until(1, "status=130");
    server.type_line(1, &format!("{sudo} no-such-program; echo end=$?"));
    assert!(server.read_until(1, "\r\nend=1").contains("no-such-program: No such file"));
}
