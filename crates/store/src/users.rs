//! Rows of accounts.

use protocol::{Timestamp, UserId, auth::Role, names::Username};
use secrets::Secret;
use uuid::Uuid;

use super::{
    StoreError, Tx,
    pagination::UsernameCursor,
    sql::{execute, fetch, rows},
    sqlx,
};

/// An account.
#[derive(Debug, sqlx::FromRow)]
pub struct User {
    /// Id.
    #[sqlx(try_from = "Uuid")]
    pub id: UserId,
    /// Name.
    #[sqlx(try_from = "String")]
    pub username: Username,
    /// Argon2id hash in PHC form.
    #[sqlx(try_from = "String")]
    pub password_hash: Secret<String>,
    /// Role.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Disabled accounts cannot sign in.
    pub disabled: bool,
    /// Maximum number of terminals; `None` for the organisation's default.
    pub terminals_max: Option<i64>,
    /// The password was last set with a reset link, without knowledge of the previous password.
    pub password_by_link: bool,
}

/// An account as administrators list it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct UserListing {
    /// Id.
    #[sqlx(try_from = "Uuid")]
    pub id: UserId,
    /// Name.
    #[sqlx(try_from = "String")]
    pub username: Username,
    /// Role.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Disabled accounts cannot sign in.
    pub disabled: bool,
    /// The account has a confirmed factor.
    pub mfa_enabled: bool,
    /// Maximum number of terminals; `None` for the organisation's default.
    pub terminals_max: Option<i64>,
    /// Number of terminals, in any state.
    pub terminals: i64,
    /// Time of creation.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// Last sign-in, in milliseconds.
    pub last_login_at: Option<i64>,
}

impl Tx {
    /// Inserts an account.
    ///
    /// # Errors
    /// [`StoreError::is_unique_violation`] when the name exists.
    pub async fn insert_user(
        &mut self,
        id: UserId,
        username: &Username,
        password_hash: &Secret<String>,
        role: Role,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO users (id, username, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)",
            id.uuid(),
            username.as_str(),
            password_hash.reveal(),
            role.as_str(),
            now.millis()
        );
        Ok(())
    }

    /// An account by id.
    pub async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(fetch!(fetch_optional, self, User, rows!(users, "WHERE id = $1"), id.uuid()))
    }

    /// An account by name.
    pub async fn user_by_name(&mut self, username: &Username) -> Result<Option<User>, StoreError> {
        Ok(fetch!(fetch_optional, self, User, rows!(users, "WHERE username = $1"), username.as_str()))
    }

    /// Locks the account's row until the end of the transaction, which serializes changes of role, password and factor.
    /// Returns false when the account does not exist.
    pub async fn lock_user_row(&mut self, id: UserId) -> Result<bool, StoreError> {
        Ok(execute!(self, "UPDATE users SET id = id WHERE id = $1", id.uuid()) == 1)
    }

    /// Replaces the password and stores whether a reset link was used.
    pub async fn set_password(&mut self, id: UserId, hash: &Secret<String>, by_link: bool) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE users SET password_hash = $2, password_by_link = $3 WHERE id = $1",
            id.uuid(),
            hash.reveal(),
            by_link
        );
        Ok(())
    }

    /// Replaces role, disabled flag and quota.
    pub async fn set_user(
        &mut self,
        id: UserId,
        role: Role,
        disabled: bool,
        terminals_max: Option<i64>,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            "UPDATE users SET role = $2, disabled = $3, terminals_max = $4 WHERE id = $1",
            id.uuid(),
            role.as_str(),
            disabled,
            terminals_max
        );
        Ok(())
    }

    /// Stores the time of a completed sign-in.
    pub async fn record_login(&mut self, id: UserId, now: Timestamp) -> Result<(), StoreError> {
        execute!(self, "UPDATE users SET last_login_at = $2 WHERE id = $1", id.uuid(), now.millis());
        Ok(())
    }

    /// Number of enabled administrators. Locks the settings row first, so that two administrators cannot demote each
    /// other concurrently.
    pub async fn count_admins(&mut self) -> Result<i64, StoreError> {
        execute!(self, "UPDATE settings SET id = id WHERE id = 1");
        let (n,) = fetch!(fetch_one, self, (i64,), "SELECT COUNT(*) FROM users WHERE role = 'admin' AND NOT disabled");
        Ok(n)
    }

    /// Accounts ordered by name, after a cursor.
    pub async fn users_page(&mut self, after: &UsernameCursor, limit: u32) -> Result<Vec<UserListing>, StoreError> {
        Ok(fetch!(
            fetch_all,
            self,
            UserListing,
            rows!(user_listings, "WHERE u.username > $1 ORDER BY u.username LIMIT $2"),
            after.as_str(),
            i64::from(limit)
        ))
    }

    /// One account as administrators list it.
    pub async fn user_listing(&mut self, id: UserId) -> Result<Option<UserListing>, StoreError> {
        Ok(fetch!(fetch_optional, self, UserListing, rows!(user_listings, "WHERE u.id = $1"), id.uuid()))
    }
}
