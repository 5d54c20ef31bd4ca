//! Attacks from inside a real container, as the shell's user and as container root, and their effect on
//! another container.

use std::time::Duration;

use sandbox::{Inspection as _, Lifecycle as _};

use crate::support::engine::{RealEngine, docker, docker_try, launch_spec, never, no_progress};

/// Commands that have to fail for the shell's user and for container root.
const REFUSED: &[(&str, &str)] = &[
    ("mounting", "mount -t tmpfs x /mnt"),
    ("a device node", "mknod /root/null c 1 3 || mknod /tmp/null c 1 3"),
    ("another root", "chroot / true"),
    ("a kernel setting", "echo 1 > /proc/sys/kernel/panic"),
    ("the host's clock", "date -s '2001-01-01'"),
    ("a system file", "echo x >> /etc/passwd"),
    ("a new program in the system", "cp /bin/true /usr/bin/true2"),
    ("a program in /tmp", "cp /bin/true /tmp/t && ran /tmp/t"),
    ("a program in /run", "cp /bin/true /run/t && ran /run/t"),
    ("a new user namespace", "unshare -U true"),
    ("a new mount namespace", "unshare -m true"),
    ("a raw socket", "perl -MSocket -e 'socket(my $s, PF_INET, SOCK_RAW, 1) or exit 1'"),
    ("the kernel's log", "dmesg | grep -q ."),
    ("kernel keys", "test -s /proc/keys"),
    ("the host's boot line", "test -s /proc/cmdline"),
    ("the host's interrupts", "test -s /proc/interrupts"),
    ("kernel internals", "test -e /sys/kernel/mm || test -e /sys/kernel/security"),
    ("the engine's socket", "test -e /var/run/docker.sock || test -e /run/docker.sock"),
    ("the guest program", "echo x > /.rexec/guest"),
    ("the link folder", "touch /.rexec/link/x"),
    ("more open files", "ulimit -n 1000000"),
    ("environment of PID 1", "cat /proc/1/environ"),
    ("memory map of PID 1", "cat /proc/1/maps"),
    ("files among the control groups", "echo x > /sys/fs/cgroup/x || mkdir /sys/fs/cgroup/x"),
    ("descriptors of PID 1", "readlink /proc/1/fd/0"),
];

/// Succeeds if a program was executed, whatever its status; bash reports 126 when it may not be executed.
const RAN: &str = "ran() { \"$@\"; test $? -ne 126; }";

#[tokio::test]
async fn attacks_from_inside_a_container_fail() {
    let Some(real) = RealEngine::start().await else { return };
    let spec = launch_spec();
    real.engine.create(&spec, no_progress(), &never()).await.unwrap();
    let name = real.name_of(spec.id);
    let mut worked = Vec::new();
    for user in ["1000", "0"] {
        for (what, attack) in REFUSED {
            // A missing tool proves nothing. Bash reports it with 127, or with this message inside a list.
            let tried = format!(
                "{RAN}; out=$( ( {attack} ) 2>&1 ); is=$?; case \"$out\" in *'command not found'*) is=127;; esac; echo $is"
            );
            let status = docker(&["exec", "-u", user, &name, "bash", "-c", &tried]).await;
            if ["0", "126", "127"].contains(&status.trim()) {
                worked.push(format!("{what} as uid {user}: {status}"));
            }
        }
    }
    assert!(worked.is_empty(), "{worked:#?}");
    // Ordinary work succeeds.
    let work =
        "echo hi > ~/f && cat ~/f && cp /bin/true ~/t && ~/t && touch /tmp/x /run/lock 2>/dev/null; test -f /tmp/x";
    docker(&["exec", "-u", "1000", "-e", "HOME=/home/user", &name, "bash", "-c", work]).await;
    docker(&["exec", "-u", "1000", &name, "bash", "-c", "cat < /dev/null > /dev/tcp/127.0.0.1/80; test $? = 1"]).await;
    let setuid = docker(&["exec", &name, "find", "/", "-xdev", "-perm", "/6000", "-type", "f"]).await;
    assert_eq!(setuid, "", "no program of the image raises rights");
    real.engine.delete(spec.id).await.unwrap();
}

#[tokio::test]
async fn containers_cannot_reach_each_other() {
    let Some(real) = RealEngine::start().await else { return };
    let (a, b) = (launch_spec(), launch_spec());
    real.engine.create(&a, no_progress(), &never()).await.unwrap();
    real.engine.create(&b, no_progress(), &never()).await.unwrap();
    let (from, to) = (real.name_of(a.id), real.name_of(b.id));
    let address = "{{(index .NetworkSettings.Networks \"rexec-isolated\").IPAddress}}";
    let address = docker(&["inspect", "--format", address, &to]).await;
    assert!(!address.is_empty());
    // A closed port of a reachable neighbour answers at once (status 1); a dropped packet does not (124).
    let probe = format!("timeout 2 bash -c 'cat < /dev/tcp/{address}/9'; test $? = 124");
    docker(&["exec", &from, "bash", "-c", &probe]).await;
    // The name resolves to the same address, or not at all.
    let named = docker_try(&["exec", &from, "getent", "hosts", &to]).await.unwrap_or_default();
    assert!(named.is_empty() || named.split_whitespace().next() == Some(address.as_str()), "{named}");
    if !named.is_empty() {
        let probe = format!("timeout 2 bash -c 'cat < /dev/tcp/{to}/9'; test $? = 124");
        docker(&["exec", &from, "bash", "-c", &probe]).await;
    }
    real.clean().await;
}

/// A fork bomb and a memory hog at once, beside another container; then deletion as usual.
#[tokio::test]
async fn a_fork_bomb_is_contained_and_deletable() {
    let Some(real) = RealEngine::start().await else { return };
    let (bomb, neighbour) = (launch_spec(), launch_spec());
    real.engine.create(&bomb, no_progress(), &never()).await.unwrap();
    real.engine.create(&neighbour, no_progress(), &never()).await.unwrap();
    let (bomb_name, name) = (real.name_of(bomb.id), real.name_of(neighbour.id));
    // Both in one exec: the engine cannot start another program in the container afterwards.
    let both = "tail /dev/zero & bomb() { bomb | bomb & }; bomb; while :; do :; done";
    docker(&["exec", "-d", "-u", "1000", &bomb_name, "bash", "-c", both]).await;
    let stats = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            // The engine may be slow to answer meanwhile.
            match real.engine.stats(bomb.id).await {
                Ok(stats) if stats.pids > 200 => return stats,
                Ok(_) => {}
                Err(error) => println!("no figures: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let stats = stats.await.expect("the bomb goes off");
    assert!(stats.pids <= stats.pids_limit && stats.memory_bytes <= stats.memory_bytes_limit, "{stats:?}");
    let echoed = tokio::time::timeout(Duration::from_secs(60), docker(&["exec", &name, "echo", "calm"])).await;
    assert_eq!(echoed.expect("the neighbour is served"), "calm");
    real.engine.delete(bomb.id).await.expect("a bomb is deleted like any other");
    real.clean().await;
}
