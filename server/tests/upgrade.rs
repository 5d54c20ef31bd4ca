//! A data directory of version 0.1.0 starts under this version, and nothing in it is lost. Every change of the schema
//! must pass this test. The fixture comes from the release binary of that version: `fixtures/v0.1.0/README.md`.
//!
//! The server runs its regular start: migrations, preflight, reconciling with the engine. It therefore needs a real
//! engine and runs only with `REXEC_TEST_DOCKER=1`.
//!
//! To see it fail, append a statement to the newest migration: `UPDATE terminals SET mfa_locked = 0` fails at the lock
//! state, `DELETE FROM audit_events WHERE seq = 3` at the audit chain. The second test removes the key file and expects
//! the start to be refused.

#[path = "upgrade/fixture.rs"]
mod fixture;
#[path = "upgrade/user.rs"]
mod user;

use std::{path::Path, time::Duration};

use fixture::{Fixture, OnEngine};
use rexec::{
    config,
    serve::{self, Assets, EmbeddedFile},
};
use rust_embed::RustEmbed;
use serde_json::{Value, json};
use user::User;

/// A stub of the site: the server refuses to start without a style sheet, and this test opens no page.
#[derive(RustEmbed)]
#[folder = "tests/fixtures/v0.1.0"]
struct Files;

fn site(_path: &str) -> Option<EmbeddedFile> {
    Files::get("fixture.json")
}

type Serving = tokio::task::JoinHandle<anyhow::Result<()>>;

/// Starts a server on a data directory. Gives its origin.
fn start(data: &Path) -> (String, Serving) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listen = free.local_addr().expect("bound").to_string();
    drop(free);
    let config = config::check(config::Raw {
        listen: Some(listen.clone()),
        data_dir: Some(data.display().to_string()),
        docker_host: std::env::var("REXEC_DOCKER_HOST").ok(),
        log: Some("warn".to_owned()),
        ..config::Raw::default()
    });
    let guest: &'static [u8] = fixture::guest().leak();
    let serving = tokio::spawn(serve::run(config.expect("valid settings"), Assets { site, guest }));
    (format!("http://{listen}"), serving)
}

async fn ready(origin: &str, serving: &mut Serving) {
    let answers = async {
        while reqwest::get(format!("{origin}/readyz")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = answers => {}
        ended = serving => panic!("the server ended at its start: {ended:?}"),
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("the server is not ready after 60 s"),
    }
}

async fn stop(serving: Serving) {
    let own = rustix::process::getpid();
    rustix::process::kill_process(own, rustix::process::Signal::TERM).expect("signalled");
    serving.await.expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn data_directory_of_version_0_1_0_keeps_accounts_locks_homes_and_audit_chain() {
    let Some(engine) = OnEngine::prepare() else { return };
    let fixture = &engine.fixture;
    let (origin, mut serving) = start(engine.data.path());
    ready(&origin, &mut serving).await;

    let admin = User::sign_in(&origin, &fixture.admin, &fixture.password, None).await;
    accounts_and_audit_are_intact(&admin, fixture).await;
    let ada = User::sign_in(&origin, &fixture.user, &fixture.password, Some(&fixture.recovery_codes[0])).await;
    terminals_are_as_they_were(&ada, fixture).await;
    for terminal in &fixture.terminals {
        home_is_readable(&ada, terminal, &fixture.recovery_codes).await;
    }
    stop(serving).await;
}

async fn accounts_and_audit_are_intact(admin: &User, fixture: &Fixture) {
    let users = admin.ok("GET", "/api/admin/users", Value::Null).await;
    let names: Vec<&str> = users["items"].as_array().unwrap().iter().filter_map(|u| u["username"].as_str()).collect();
    for name in [&fixture.admin, &fixture.user] {
        assert!(names.contains(&name.as_str()), "{name} is missing: {names:?}");
    }
    let chain = admin.ok("GET", "/api/admin/audit/verify", Value::Null).await;
    assert_eq!(chain["intact"], true, "{chain}");
    assert_eq!(chain["head_authentic"], true, "{chain}");
    assert!(chain["keyed_from"].as_u64() > Some(fixture.audit_events), "{chain}");
    assert!(
        chain["events"].as_u64() >= Some(fixture.audit_events),
        "{} events were there: {chain}",
        fixture.audit_events
    );
}

async fn terminals_are_as_they_were(ada: &User, fixture: &Fixture) {
    let me = ada.ok("GET", "/api/me", Value::Null).await;
    assert_eq!(me["mfa_enabled"], true, "{me}");
    let listed = ada.ok("GET", "/api/terminals", Value::Null).await;
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), fixture.terminals.len(), "{listed:?}");
    for expected in &fixture.terminals {
        let found = listed.iter().find(|t| t["id"] == expected.id.as_str()).expect("the terminal is listed");
        let (name, image, tier) = (&expected.name, &expected.image, &expected.tier);
        assert_eq!(found["name"], name.as_str());
        assert_eq!(found["image"], image.as_str());
        assert_eq!(found["tier"], tier.as_str());
        assert_eq!(found["mfa_locked"], expected.mfa_locked, "lock state of {name}");
        assert_eq!(found["state"], "stopped", "{found}");
    }
}

/// Starts the terminal, gets a grant when it is locked, and reads the note in its home.
async fn home_is_readable(ada: &User, terminal: &fixture::Terminal, recovery_codes: &[String]) {
    ada.ok("POST", &format!("/api/terminals/{}/start", terminal.id), Value::Null).await;
    ada.until_running(&terminal.id).await;
    if terminal.mfa_locked {
        assert_eq!(ada.attach(&terminal.id).await.err(), Some(423), "a locked terminal is not attached");
        let verify = format!("/api/security/terminal/{}/mfa-verify", terminal.id);
        let granted = ada.ok("POST", &verify, json!({"code": recovery_codes[1]})).await;
        assert_eq!(granted["verified"], true, "{granted}");
    }
    let mut socket = ada.attach(&terminal.id).await.expect("attached");
    user::type_line(&mut socket, "cat note.txt").await;
    user::read_until(&mut socket, &terminal.note).await;
}

#[tokio::test]
async fn start_is_refused_when_the_key_file_is_not_the_one_of_the_data_directory() {
    let Some(engine) = OnEngine::prepare() else { return };
    std::fs::remove_file(engine.data.path().join("keys")).expect("removed");
    let (_, serving) = start(engine.data.path());
    let ended = tokio::time::timeout(Duration::from_secs(60), serving).await.expect("refused in time");
    let refusal = ended.expect("no panic").expect_err("the factors cannot be opened").to_string();
    assert!(refusal.contains("keys"), "{refusal}");
}
