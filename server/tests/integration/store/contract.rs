//! The contract of the store, on a SQLite file and on PostgreSQL.

use access::{FactsSource as _, GrantFacts};
use protocol::{
    InviteId, SessionId, TerminalId, Timestamp, UserId,
    auth::Role,
    names::{Slug, Username},
};
use secrets::{Sealed, Secret};
use store::{Db, LinkKind, pagination::UsernameCursor};
use uuid::Uuid;

use crate::support::{database, proofs::proof};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

async fn user(db: &Db, name: &str) -> UserId {
    let id = UserId::new(Uuid::new_v4());
    let mut tx = db.begin().await.unwrap();
    let hash = Secret::new("$argon2id$".to_owned());
    tx.insert_user(id, &Username::parse(name).unwrap(), &hash, Role::User, NOW).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn session(db: &Db, user: UserId, token: u8) -> SessionId {
    let id = SessionId::new(Uuid::new_v4());
    let mut tx = db.begin().await.unwrap();
    tx.insert_session(&database::full_session(id, user, token, 1800, NOW)).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn terminal(db: &Db, owner: UserId) -> TerminalId {
    let id = TerminalId::new(Uuid::new_v4());
    let row = database::terminal_row(id, owner, "<b>'; DROP TABLE users --", NOW);
    let mut tx = db.begin().await.unwrap();
    tx.insert_terminal(&row).await.unwrap();
    assert_eq!(tx.terminal(id).await.unwrap(), Some(row));
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn usernames_are_unique_and_uncommitted_changes_are_discarded() {
    for t in database::each().await {
        let ada = user(&t.db, "ada").await;
        let mut tx = t.db.begin().await.unwrap();
        let again = tx
            .insert_user(
                UserId::new(Uuid::new_v4()),
                &Username::parse("ada").unwrap(),
                &Secret::new(String::new()),
                Role::Admin,
                NOW,
            )
            .await;
        assert!(again.unwrap_err().is_unique_violation(), "{}", t.name);
        drop(tx);
        let mut tx = t.db.begin().await.unwrap();
        tx.set_user(ada, Role::Admin, true, Some(3)).await.unwrap();
        drop(tx);
        let mut tx = t.db.read().await.unwrap();
        let user = tx.user_by_name(&Username::parse("ada").unwrap()).await.unwrap().unwrap();
        assert_eq!((user.id, user.role, user.disabled, user.terminals_max), (ada, Role::User, false, None));
        let listed = tx.users_page(&UsernameCursor::default(), 10).await.unwrap();
        assert_eq!((listed.len(), listed[0].mfa_enabled, listed[0].terminals), (1, false, 0));
    }
}

#[tokio::test]
async fn the_facts_of_an_access_decision_are_read_together() {
    for t in database::each().await {
        let ada = user(&t.db, "ada").await;
        let (s, id) = (session(&t.db, ada, 1).await, terminal(&t.db, ada).await);
        let mut tx = t.db.begin().await.unwrap();
        assert_eq!(tx.set_lock(&proof(id), true).await.unwrap(), Some(1));
        let grant = GrantFacts {
            user: ada,
            session: s,
            terminal: id,
            epoch: 1,
            granted_at: NOW,
            last_input_at: NOW,
            idle_secs: 900,
            absolute_end: NOW.plus_secs(28_800),
        };
        tx.put_grant(&grant).await.unwrap();
        tx.put_grant(&grant).await.unwrap();
        tx.commit().await.unwrap();
        t.db.record_input(Some(s), id, NOW.plus_secs(5)).await.unwrap();
        t.db.record_input(Some(s), id, NOW).await.unwrap();
        let facts = t.db.facts(s, id).await.unwrap();
        let found = facts.session.unwrap();
        assert_eq!((found.user, found.full, found.ends_at()), (ada, true, NOW.plus_secs(1805)), "{}", t.name);
        let about = facts.terminal.unwrap();
        assert_eq!((about.owner, about.locked, about.epoch), (ada, true, 1));
        assert_eq!(facts.grant, Some(GrantFacts { last_input_at: NOW.plus_secs(5), ..grant }));

        let mut tx = t.db.begin().await.unwrap();
        assert_eq!(tx.delete_sessions(ada, None).await.unwrap(), vec![s]);
        tx.commit().await.unwrap();
        let facts = t.db.facts(s, id).await.unwrap();
        assert!(
            facts.session.is_none() && facts.grant.is_none() && facts.terminal.is_some(),
            "a grant goes with its login"
        );
        let nothing = t.db.facts(s, TerminalId::new(Uuid::new_v4())).await.unwrap();
        assert!(nothing.terminal.is_none());
    }
}

#[tokio::test]
async fn a_session_is_found_by_its_token_and_briefly_by_the_previous_one() {
    for t in database::each().await {
        let ada = user(&t.db, "ada").await;
        let s = session(&t.db, ada, 1).await;
        let mut tx = t.db.begin().await.unwrap();
        assert_eq!(tx.rotate_session(s, &[2; 32], NOW.plus_secs(10)).await.unwrap(), Some(1));
        let old = tx.session_by_token(&[1; 32]).await.unwrap().unwrap();
        let new = tx.session_by_token(&[2; 32]).await.unwrap().unwrap();
        assert!(old.rotated && !new.rotated && old.id == new.id, "{}", t.name);
        assert!(!old.is_over(NOW) && old.is_over(NOW.plus_secs(10)) && !new.is_over(NOW.plus_secs(10)));
        assert!(new.is_over(NOW.plus_secs(-1)), "a clock that went back ends a login");
        tx.shorten_sessions(60, 100).await.unwrap();
        let new = tx.session_by_token(&[2; 32]).await.unwrap().unwrap();
        assert!(new.is_over(NOW.plus_secs(60)) && new.absolute_end == NOW.plus_secs(100));
        assert_eq!(tx.sessions_of(ada).await.unwrap().len(), 1);
        assert_eq!(tx.delete_expired_sessions(NOW.plus_secs(61)).await.unwrap(), 1);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn totp_steps_recovery_codes_and_links_are_used_once() {
    for t in database::each().await {
        let ada = user(&t.db, "ada").await;
        let mut tx = t.db.begin().await.unwrap();
        let sealed = Sealed { key_id: "k1".into(), bytes: vec![1, 2, 3] };
        assert!(!tx.burn_step(ada, 1).await.unwrap(), "no factor, no step");
        tx.set_pending_factor(ada, &sealed, NOW.plus_secs(600)).await.unwrap();
        assert!(!tx.has_factor(ada).await.unwrap() && !tx.burn_step(ada, 1).await.unwrap());
        assert!(!tx.confirm_factor(ada, &sealed, 7, NOW.plus_secs(600)).await.unwrap(), "forgotten");
        assert!(tx.confirm_factor(ada, &sealed, 7, NOW).await.unwrap());
        assert!(!tx.confirm_factor(ada, &sealed, 8, NOW).await.unwrap());
        assert!(!tx.burn_step(ada, 7).await.unwrap() && !tx.burn_step(ada, 6).await.unwrap());
        assert!(tx.burn_step(ada, 8).await.unwrap() && !tx.burn_step(ada, 8).await.unwrap());
        tx.set_failures(ada, 3, NOW, NOW, true).await.unwrap();
        let factor = tx.lock_factor_row(ada).await.unwrap().unwrap();
        assert_eq!((factor.failures, factor.stopped, factor.last_step), (3, true, 8), "{}", t.name);

        tx.replace_recovery_codes(ada, b"salt", &[vec![1; 32], vec![2; 32]]).await.unwrap();
        assert!(tx.use_recovery_code(ada, &[1; 32], NOW).await.unwrap());
        assert!(!tx.use_recovery_code(ada, &[1; 32], NOW).await.unwrap());
        assert_eq!(tx.recovery_codes_left(ada).await.unwrap(), 1);

        let id = InviteId::new(Uuid::new_v4());
        tx.insert_link(id, LinkKind::Invite, &[9; 32], None, Role::Admin, "root", (NOW, NOW.plus_secs(60)))
            .await
            .unwrap();
        assert_eq!(tx.link_by_token(&[9; 32], NOW).await.unwrap().unwrap().role, Role::Admin);
        assert_eq!(tx.valid_links(NOW).await.unwrap().len(), 1);
        assert!(!tx.use_link(LinkKind::Setup, &[9; 32], NOW).await.unwrap());
        assert!(!tx.use_link(LinkKind::Invite, &[9; 32], NOW.plus_secs(60)).await.unwrap());
        assert!(tx.use_link(LinkKind::Invite, &[9; 32], NOW).await.unwrap());
        assert!(!tx.use_link(LinkKind::Invite, &[9; 32], NOW).await.unwrap());
        assert!(tx.finish_setup().await.unwrap() && !tx.finish_setup().await.unwrap());
        assert!(tx.delete_factor(ada).await.unwrap());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn settings_images_and_tiers_have_the_documented_defaults() {
    for t in database::each().await {
        let mut tx = t.db.begin().await.unwrap();
        let mut settings = tx.settings().await.unwrap();
        assert_eq!(settings, protocol::admin::Settings::default(), "{}", t.name);
        settings.mfa_required = true;
        tx.set_settings(&settings).await.unwrap();
        assert_eq!(tx.settings().await.unwrap(), settings);
        let mut dev = tx.image(&Slug::parse("dev").unwrap()).await.unwrap().unwrap();
        dev.is_default = true;
        tx.put_image(&dev).await.unwrap();
        let defaults: Vec<_> = tx.images().await.unwrap().into_iter().filter(|i| i.is_default).collect();
        assert_eq!(defaults, vec![dev]);
        let tiers = tx.tiers().await.unwrap();
        assert_eq!(tiers.iter().map(|t| t.memory_bytes >> 20).collect::<Vec<_>>(), [512, 1024, 2048, 4096]);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_existing_database_is_reopened_with_private_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rexec.db");
    let first = Db::sqlite(&path).await.unwrap();
    user(&first, "ada").await;
    first.close().await;
    let second = Db::sqlite(&path).await.unwrap();
    assert_eq!(second.read().await.unwrap().users_page(&UsernameCursor::default(), 10).await.unwrap().len(), 1);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let list = |kind: &str| {
        let folder = format!("{}/../crates/store/migrations/{kind}", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(list("sqlite"), list("postgres"));
    assert!(!list("sqlite").is_empty());
}
