//! The data directory and the home volumes of an older version.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

/// The records that `make.mjs` wrote.
#[derive(Deserialize)]
pub struct Fixture {
    pub instance: String,
    pub admin: String,
    pub user: String,
    pub password: String,
    pub recovery_codes: Vec<String>,
    pub audit_events: u64,
    pub terminals: Vec<Terminal>,
}

/// A terminal that the older version created and stopped.
#[derive(Deserialize)]
pub struct Terminal {
    pub id: String,
    pub name: String,
    pub image: String,
    pub tier: String,
    pub mfa_locked: bool,
    pub volume: String,
    pub labels: std::collections::BTreeMap<String, String>,
    /// Archive of the home volume.
    pub home: String,
    /// Content of `note.txt` in the home.
    pub note: String,
}

/// A copy of the fixture, with its volumes on the engine. All of it is removed when this is dropped.
pub struct OnEngine {
    pub fixture: Fixture,
    pub data: tempfile::TempDir,
    /// The instance id is part of the fixture, so only one test at a time may have it on the engine.
    _lock: File,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v0.1.0")
}

/// The guest that this version embeds.
pub fn guest() -> Vec<u8> {
    let path = std::env::var_os("REXEC_GUEST_BIN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest-bin/rexec-guest"), PathBuf::from);
    std::fs::read(path).expect("the guest is built (scripts/build-guest.sh)")
}

impl OnEngine {
    /// `None`, with a message, when no engine is to be used.
    pub fn prepare() -> Option<Self> {
        if std::env::var("REXEC_TEST_DOCKER").as_deref() != Ok("1") {
            eprintln!("NOT TESTED: the upgrade from 0.1.0 needs a real engine; set REXEC_TEST_DOCKER=1");
            return None;
        }
        let lock = File::create(std::env::temp_dir().join("rexec-upgrade-test.lock")).expect("a lock file");
        lock.lock().expect("locked");
        let fixture = File::open(folder().join("fixture.json")).expect("the fixture");
        let fixture: Fixture = serde_json::from_reader(fixture).expect("fixture.json is readable");
        // Short: it contains a socket per terminal, whose path is limited to 108 bytes.
        let data = tempfile::tempdir().expect("a temporary folder");
        let on_engine = Self { fixture, data, _lock: lock };
        // A run that was killed leaves its volumes.
        on_engine.remove();
        run(Command::new("tar").arg("-xzf").arg(folder().join("data.tar.gz")).arg("-C").arg(on_engine.data.path()));
        for terminal in &on_engine.fixture.terminals {
            restore_home(terminal);
        }
        Some(on_engine)
    }

    fn remove(&self) {
        let filter = format!("label=rexec.instance={}", self.fixture.instance);
        for (list, remove) in [(["ps", "-aq"], ["rm", "-f"]), (["volume", "ls"], ["volume", "rm"])] {
            let quiet: &[&str] = if list[0] == "volume" { &["-q"] } else { &[] };
            let listed = Command::new("docker").args(list).args(quiet).args(["--filter", &filter]).output();
            let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            if !listed.trim().is_empty() {
                let removed = Command::new("docker").args(remove).args(listed.split_whitespace()).output();
                if !removed.as_ref().is_ok_and(|output| output.status.success()) {
                    eprintln!("left on the engine: {listed} ({removed:?})");
                }
            }
        }
    }
}

impl Drop for OnEngine {
    fn drop(&mut self) {
        self.remove();
    }
}

fn restore_home(terminal: &Terminal) {
    let mut create = Command::new("docker");
    create.args(["volume", "create"]);
    for (label, value) in &terminal.labels {
        create.args(["--label", &format!("{label}={value}")]);
    }
    run(create.arg(&terminal.volume));
    let mount = format!("type=volume,src={},dst=/home/user", terminal.volume);
    let image = format!("rexec/{}:1", terminal.image);
    let archive = File::open(folder().join(&terminal.home)).expect("the archive of the home");
    let fill = ["run", "--rm", "-i", "--network", "none", "--user", "0", "--mount", &mount, "--entrypoint", "tar"];
    run(Command::new("docker").args(fill).args([&image, "-xzp", "-C", "/home/user"]).stdin(archive));
}

fn run(command: &mut Command) {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
