//! Login sessions: creation, lookup by token, rotation of tokens.

use access::Scope;
use protocol::{SessionId, Timestamp, UserId, admin::Settings};
use store::{Db, LoginSession, NewSession, SessionKind, StoreError, Tx};
use uuid::Uuid;

use super::{
    caller::Visitor,
    token::{self, RandomToken},
};

/// Validity of a pending login session.
pub const PENDING_SECS: u32 = 10 * 60;
/// The time of the last activity is written at most once in this time, to limit writes.
const ACTIVITY_WRITE_SECS: i64 = 30;
/// A rotated token stays valid for reads for this long, for requests that were already sent.
const ROTATED_TOKEN_SECS: i64 = 10;

/// The new token of a login session, for the browser's cookie.
#[derive(Debug)]
pub struct NewToken {
    value: RandomToken,
    session: SessionId,
    generation: i64,
}

impl NewToken {
    /// The first token of a new login session.
    pub fn first(session: SessionId) -> Self {
        Self { value: RandomToken::random(), session, generation: 0 }
    }

    /// The text for the cookie.
    pub fn reveal(&self) -> &str {
        self.value.reveal()
    }

    /// The leases that were given for earlier tokens of the session.
    pub fn older_tokens(&self) -> Scope {
        Scope::OlderTokens { session: self.session, generation: self.generation }
    }
}

/// Creates a login session in the caller's transaction. The token is always new (against session fixation).
///
/// # Errors
/// When the database does not answer.
pub async fn create(
    tx: &mut Tx,
    user: UserId,
    kind: SessionKind,
    visitor: &Visitor,
    settings: &Settings,
    now: Timestamp,
) -> Result<(SessionId, NewToken), StoreError> {
    let (idle_secs, absolute_secs) = match kind {
        SessionKind::Pending => (PENDING_SECS, PENDING_SECS),
        SessionKind::Full => (settings.session_idle_secs, settings.session_absolute_secs),
    };
    let token = NewToken::first(SessionId::new(Uuid::new_v4()));
    tx.insert_session(&NewSession {
        id: token.session,
        user,
        kind,
        token_hash: token.value.hash(),
        device: &visitor.user_agent,
        address: &visitor.address.to_string(),
        created_at: now,
        idle_secs,
        absolute_end: now.plus_secs(i64::from(absolute_secs)),
    })
    .await?;
    Ok((token.session, token))
}

/// Gives a session a new token at a step-up. `None` when the session has ended; then the step-up must not happen. After
/// the commit the leases of [`NewToken::older_tokens`] are to be ended.
///
/// # Errors
/// When the database does not answer.
pub async fn rotate(tx: &mut Tx, session: SessionId, now: Timestamp) -> Result<Option<NewToken>, StoreError> {
    replace_token(tx, session, now.plus_secs(ROTATED_TOKEN_SECS)).await
}

/// Like [`rotate`], when password, factor or other login sessions change. The old token is invalid at once, for reads
/// too.
///
/// # Errors
/// When the database does not answer.
pub async fn renew(tx: &mut Tx, session: SessionId, now: Timestamp) -> Result<Option<NewToken>, StoreError> {
    replace_token(tx, session, now).await
}

async fn replace_token(tx: &mut Tx, session: SessionId, old_until: Timestamp) -> Result<Option<NewToken>, StoreError> {
    let value = RandomToken::random();
    let generation = tx.rotate_session(session, &value.hash(), old_until).await?;
    Ok(generation.map(|generation| NewToken { value, session, generation }))
}

/// Finds the active session of a token.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &Db, token: &str, now: Timestamp) -> Result<Option<LoginSession>, StoreError> {
    let mut tx = db.read().await?;
    let found = tx.session_by_token(&token::hash(token)).await?;
    tx.commit().await?;
    Ok(found.filter(|s| !s.is_over(now) && !s.disabled))
}

/// Stores that a person used the session now.
///
/// # Errors
/// When the database does not answer.
pub async fn record_activity(db: &Db, session: &LoginSession, now: Timestamp) -> Result<(), StoreError> {
    if now < session.last_seen_at.plus_secs(ACTIVITY_WRITE_SECS) {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    tx.record_session_activity(session.id, now).await?;
    tx.commit().await
}
