//! The checks before the server starts: data directory, keys, database and engine have to match.

use rexec::admin::preflight::{self, PreflightError};
use sandbox::Lifecycle as _;

use crate::support::{database, environment::TestEnvironment};

/// On a mismatch nothing is served and nothing is changed.
#[tokio::test]
async fn preflight_rejects_data_keys_and_engine_that_do_not_match() {
    for (db, fresh) in database::each().await.into_iter().zip(database::each().await) {
        let env = TestEnvironment::new(&db);
        preflight::check(&env.services, "one").await.unwrap();
        let other = preflight::check(&env.services, "two").await;
        assert!(matches!(other, Err(PreflightError::Instance { database, .. }) if database == "one"), "{}", db.name);
        let who = env.user("ada").await;
        env.terminal(&who).await;
        preflight::check(&env.services, "one").await.unwrap();
        // The database is lost and replaced by an empty one.
        let lost = TestEnvironment::on(&fresh, env.fake.clone(), env.services.engine.clone());
        assert!(matches!(preflight::check(&lost.services, "one").await, Err(PreflightError::Emptied(1))));
        assert_eq!(env.fake.list().await.unwrap().len(), 1);
        // The keys are lost and replaced by new ones.
        env.enrol(&who).await;
        preflight::check(&env.services, "one").await.unwrap();
        assert!(matches!(preflight::check(&env.restarted(&db).services, "one").await, Err(PreflightError::NoKey(_))));
    }
}
