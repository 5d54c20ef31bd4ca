//! The event stream of a user, below its route.

use std::time::Duration;

use access::{Denied, Revocation, Scope};
use futures_util::StreamExt as _;
use protocol::{
    events::{Event, Stage},
    terminals::TerminalState,
};
use rexec::terminals::{self, TerminalError};

use crate::support::{database, environment::TestEnvironment};

#[tokio::test]
async fn events_are_published_to_the_owner_and_end_with_the_login() {
    for db in database::each().await {
        let env = TestEnvironment::new(&db);
        let (ada, eve) = (env.user("ada").await, env.user("eve").await);
        let mut heard = Box::pin(terminals::events(&env.services, ada.clone()).await.unwrap());
        env.terminal(&eve).await;
        let id = env.terminal(&ada).await.id;
        let mut stages = Vec::new();
        while stages.len() < Stage::ALL.len() {
            match heard.next().await.unwrap() {
                Event::Terminal { terminal } => assert_eq!(terminal.id, id, "only one's own"),
                Event::Progress { id: of, stage } => {
                    assert_eq!(of, id);
                    stages.push(stage);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(stages, Stage::ALL);
        let Some(Event::Terminal { terminal }) = heard.next().await else { panic!("its end is published") };
        assert_eq!(terminal.state, TerminalState::Running);
        // A subscriber that falls behind gets `Resync`.
        for _ in 0..400 {
            env.services.events.publish(ada.user, rexec::events::TerminalEvent::Changed(id));
        }
        assert_eq!(heard.next().await, Some(Event::Resync));
        let mut tx = env.services.db.begin().await.unwrap();
        tx.delete_session(ada.login_session().unwrap(), ada.user).await.unwrap();
        tx.commit().await.unwrap();
        let _ = env
            .services
            .revocations
            .revoke(Scope::Session(ada.login_session().unwrap()), Revocation::LoginEnded, Duration::ZERO)
            .await;
        let rest = tokio::time::timeout(Duration::from_secs(30), heard.collect::<Vec<_>>()).await.expect("it ends");
        assert!(rest.len() <= 256);
        assert!(matches!(
            terminals::events(&env.services, ada).await.err(),
            Some(TerminalError::Denied(Denied::NotLoggedIn))
        ));
    }
}
