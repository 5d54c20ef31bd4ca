//! Login sessions: made, found by their token, rotated. Refuses to know cookies and routes.

use protocol::{SessionId, Timestamp, UserId, admin::Settings};
use store::{Db, LoginSession, NewSession, SessionKind, StoreError, Tx};
use uuid::Uuid;

use super::{
    caller::Visitor,
    token::{self, NewToken},
};

/// A password without its code is good for this long.
pub const PENDING_SECS: u32 = 10 * 60;
/// The last request is written at most this often, to spare the disk.
const TOUCH_SECS: i64 = 30;
/// A token that was rotated away stays good for reading this long: requests that were under way must not fail.
const ROTATED_SECS: i64 = 10;

/// Makes a login session with a token of its own, in the caller's transaction. The token is new whatever cookie the
/// browser brought (session fixation).
///
/// # Errors
/// When the database does not answer.
pub async fn open(
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
    let (id, token) = (SessionId::new(Uuid::new_v4()), NewToken::random());
    tx.insert_session(&NewSession {
        id,
        user,
        kind,
        token_hash: token.hash(),
        device: &visitor.device,
        address: &visitor.address.to_string(),
        created_at: now,
        idle_secs,
        absolute_end: now.plus_secs(i64::from(absolute_secs)),
    })
    .await?;
    Ok((id, token))
}

/// Gives a session a new token at a step-up. `None` when the session has ended meanwhile: the step-up must not happen.
///
/// # Errors
/// When the database does not answer.
pub async fn rotate(tx: &mut Tx, session: SessionId, now: Timestamp) -> Result<Option<NewToken>, StoreError> {
    with_new_token(tx, session, now.plus_secs(ROTATED_SECS)).await
}

/// Gives a session a new token where password or factor change: the old one is dead at once, for reading too.
///
/// # Errors
/// When the database does not answer.
pub async fn renew(tx: &mut Tx, session: SessionId, now: Timestamp) -> Result<Option<NewToken>, StoreError> {
    with_new_token(tx, session, now).await
}

async fn with_new_token(tx: &mut Tx, session: SessionId, old_until: Timestamp) -> Result<Option<NewToken>, StoreError> {
    let token = NewToken::random();
    let rotated = tx.rotate_session(session, &token.hash(), old_until).await?;
    Ok(rotated.then_some(token))
}

/// Finds the living session of a token and notes the request.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &Db, token: &str, now: Timestamp) -> Result<Option<LoginSession>, StoreError> {
    let mut tx = db.read().await?;
    let found = tx.session_by_token(&token::hash(token)).await?;
    tx.commit().await?;
    let Some(session) = found.filter(|s| !s.is_over(now) && !s.disabled) else { return Ok(None) };
    if session.full && !session.rotated && now >= session.last_seen_at.plus_secs(TOUCH_SECS) {
        let mut tx = db.begin().await?;
        tx.record_session_activity(session.id, now).await?;
        tx.commit().await?;
    }
    Ok(Some(session))
}
