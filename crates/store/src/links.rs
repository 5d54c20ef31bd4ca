//! Rows of one-time links: set-up, invitation, password reset. Only hashes of tokens are stored.

use protocol::{InviteId, Timestamp, UserId, auth::Role, names::Username};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
    sqlx,
};

/// Purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Creates the first administrator.
    Setup,
    /// Creates an account.
    Invite,
    /// Sets a new password for an account.
    Reset,
}

impl LinkKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invite => "invite",
            Self::Reset => "reset",
        }
    }
}

/// A link that can be used.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OneTimeLinkRow {
    /// Id. Not a secret.
    #[sqlx(try_from = "Uuid")]
    pub id: InviteId,
    /// The account whose password it resets.
    pub user_id: Option<Uuid>,
    /// That account's name.
    pub username: Option<String>,
    /// Role of the account, or of the account to be created.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Name of the account that created it.
    #[sqlx(try_from = "String")]
    pub created_by: Username,
    /// Time of creation.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it expires.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
}

impl Tx {
    /// Inserts a link. It replaces the previous set-up link, or the previous links of the same account.
    #[allow(clippy::too_many_arguments)]
    pub async fn insert_link(
        &mut self,
        id: InviteId,
        kind: LinkKind,
        token_hash: &[u8; 32],
        user: Option<UserId>,
        role: Role,
        created_by: &str,
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        if kind == LinkKind::Setup {
            execute!(self, "DELETE FROM one_time_links WHERE kind = 'setup'");
        }
        if let Some(user) = user {
            execute!(self, "DELETE FROM one_time_links WHERE user_id = $1", user.uuid());
        }
        execute!(
            self,
            "INSERT INTO one_time_links (id, kind, token_hash, user_id, role, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            id.uuid(),
            kind.as_str(),
            token_hash.as_slice(),
            user.map(UserId::uuid),
            role.as_str(),
            created_by,
            now.millis(),
            expires_at.millis()
        );
        Ok(())
    }

    /// The invitation or reset link whose token has this hash, if it can be used.
    pub async fn link_by_token(
        &mut self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<OneTimeLinkRow>, StoreError> {
        Ok(fetch!(
            fetch_optional,
            self,
            OneTimeLinkRow,
            "SELECT l.id, l.user_id, u.username, l.role, l.created_by, l.created_at, l.expires_at
             FROM one_time_links l LEFT JOIN users u ON u.id = l.user_id
             WHERE l.token_hash = $1 AND l.kind <> 'setup' AND l.used_at IS NULL AND l.expires_at > $2",
            token_hash.as_slice(),
            now.millis()
        ))
    }

    /// Whether a link of this kind and token can be used.
    pub async fn is_link_valid(
        &mut self,
        kind: LinkKind,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = fetch!(
            fetch_optional,
            self,
            (i64,),
            "SELECT expires_at FROM one_time_links
             WHERE token_hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3",
            token_hash.as_slice(),
            kind.as_str(),
            now.millis()
        );
        Ok(found.is_some())
    }

    /// Marks a link as used. Returns false when it was used before, has expired, or is of another kind. The condition
    /// is part of the statement, so only one of two concurrent requests succeeds.
    pub async fn use_link(
        &mut self,
        kind: LinkKind,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let used = execute!(
            self,
            "UPDATE one_time_links SET used_at = $3
             WHERE token_hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3",
            token_hash.as_slice(),
            kind.as_str(),
            now.millis()
        );
        Ok(used == 1)
    }

    /// Invitations and reset links that can be used, newest first.
    pub async fn valid_links(&mut self, now: Timestamp) -> Result<Vec<OneTimeLinkRow>, StoreError> {
        Ok(fetch!(
            fetch_all,
            self,
            OneTimeLinkRow,
            "SELECT l.id, l.user_id, u.username, l.role, l.created_by, l.created_at, l.expires_at
             FROM one_time_links l LEFT JOIN users u ON u.id = l.user_id
             WHERE l.kind <> 'setup' AND l.used_at IS NULL AND l.expires_at > $1 ORDER BY l.created_at DESC",
            now.millis()
        ))
    }

    /// Deletes an unused invitation or reset link. Returns false when there was none.
    pub async fn delete_link(&mut self, id: InviteId) -> Result<bool, StoreError> {
        let deleted = execute!(
            self,
            "DELETE FROM one_time_links WHERE id = $1 AND kind <> 'setup' AND used_at IS NULL",
            id.uuid()
        );
        Ok(deleted == 1)
    }
}
