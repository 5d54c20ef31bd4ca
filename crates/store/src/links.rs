//! Rows of one-time links: set-up, invitation, password reset. Only hashes of tokens are stored.

use protocol::{InviteId, Timestamp, UserId, auth::Role, names::Username};
use uuid::Uuid;

use super::{
    StoreError, Tx,
    sql::{execute, fetch},
    sqlx,
};

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Making the first administrator.
    Setup,
    /// Making an account.
    Invite,
    /// Choosing a new password for an account.
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

/// A link that is still good.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OneTimeLinkRow {
    /// Id; public.
    #[sqlx(try_from = "Uuid")]
    pub id: InviteId,
    /// The account it resets.
    pub user_id: Option<Uuid>,
    /// That account's name.
    pub username: Option<String>,
    /// Role the account has or will have.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Who made it, by name.
    #[sqlx(try_from = "String")]
    pub created_by: Username,
    /// When.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it dies.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
}

impl Tx {
    /// Writes a new link. One set-up link is alive at a time.
    ///
    /// # Errors
    /// When the database does not answer.
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

    /// The invitation or reset link of a token, when it is still good.
    ///
    /// # Errors
    /// When the database does not answer.
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

    /// Whether a link could be used now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn link_is_good(
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

    /// Uses a link up. False when it was used, is over, or is of another kind; the condition is in the statement.
    ///
    /// # Errors
    /// When the database does not answer.
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

    /// Invitations and reset links that are still good, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_links(&mut self, now: Timestamp) -> Result<Vec<OneTimeLinkRow>, StoreError> {
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

    /// Takes a link back. False when there is none that is still good.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_link(&mut self, id: InviteId) -> Result<bool, StoreError> {
        let gone = execute!(
            self,
            "DELETE FROM one_time_links WHERE id = $1 AND kind <> 'setup' AND used_at IS NULL",
            id.uuid()
        );
        Ok(gone == 1)
    }
}
