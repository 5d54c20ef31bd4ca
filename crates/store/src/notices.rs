//! Rows of notices: messages to a user about their own account.

use protocol::{Timestamp, UserId};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
};

impl Tx {
    /// Inserts a notice.
    pub async fn insert_notice(&mut self, user: UserId, text: &str, now: Timestamp) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO notices (id, user_id, at, text) VALUES ($1, $2, $3, $4)",
            Uuid::new_v4(),
            user.uuid(),
            now.millis(),
            text
        );
        Ok(())
    }

    /// The 20 newest notices with their times, newest first.
    pub async fn notices(&mut self, user: UserId) -> Result<Vec<(Timestamp, String)>, StoreError> {
        let rows = fetch!(
            fetch_all,
            self,
            (i64, String),
            "SELECT at, text FROM notices WHERE user_id = $1 ORDER BY at DESC LIMIT 20",
            user.uuid()
        );
        Ok(rows.into_iter().map(|(at, text)| (Timestamp::from_millis(at), text)).collect())
    }

    /// Deletes the notices of an account after the user dismissed them.
    pub async fn delete_notices(&mut self, user: UserId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM notices WHERE user_id = $1", user.uuid());
        Ok(())
    }
}
