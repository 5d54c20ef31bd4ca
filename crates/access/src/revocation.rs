//! Ending leases: one-shot revocation tokens, and the registry that finds them by terminal, by login session and by
//! generation of the session's token.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use protocol::{SessionId, TerminalId, Timestamp};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::expiry::{ExpiryTracker, ExpiryTrackers, MaxDurations};
use crate::{GrantFacts, SessionFacts};

/// Why a lease ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The terminal was locked.
    Locked,
    /// The grant expired.
    GrantEnded,
    /// The terminal was deleted.
    Deleted,
    /// The terminal was stopped.
    Stopped,
    /// The database does not answer, so no lock could be stored now.
    Unavailable,
    /// The login session ended (logout, change of password, factor or role, disabled account, expiry).
    LoginEnded,
    /// The login session has a newer token than the one that the lease was given for.
    TokenReplaced,
}

/// What a revocation applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every lease on one terminal.
    Terminal(TerminalId),
    /// Every lease of one login session.
    Session(SessionId),
    /// The leases of one login session that were given for a token before this generation.
    OlderTokens {
        /// The login session.
        session: SessionId,
        /// Generation of the current token.
        generation: i64,
    },
}

/// Whether every lease was released before the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Release {
    /// No lease is left.
    Complete,
    /// This many leases are still held. They are revoked and transfer no more bytes; only their sockets are still open.
    Pending(usize),
}

/// The port through which leases are ended and expiry is updated. The implementation here covers one process; nothing
/// that uses the port may rely on that.
#[async_trait]
pub trait Revocations: Send + Sync + std::fmt::Debug {
    /// Ends every lease in `scope` and waits until they are released. Call it after the commit and before the answer.
    async fn revoke(&self, scope: Scope, reason: Revocation, deadline: Duration) -> Release;

    /// Ends every lease on every terminal without waiting. Returns the number of terminals that had a lease.
    fn revoke_all_terminals(&self, reason: Revocation) -> usize;

    /// Applies a renewed grant to the leases that depend on it, so that they do not end at its earlier end. Call it
    /// after the commit.
    fn renew_grant(&self, grant: &GrantFacts);

    /// The lock with this epoch was removed: leases that depend on a grant for it continue without the grant. Call it
    /// after the commit.
    fn remove_lock(&self, terminal: TerminalId, epoch: i64);

    /// Records a request of this login, which extends the leases of its sockets.
    fn record_activity(&self, session: SessionId, now: Timestamp);

    /// Applies changed maximum durations of grants and logins to all leases. Call it after the commit.
    fn shorten(&self, grants: MaxDurations, logins: MaxDurations);

    /// Number of leases on terminals, which is the number of open sockets.
    fn active_leases(&self) -> usize;
}

#[derive(Debug)]
struct RevocationToken {
    cancelled: CancellationToken,
    reason: OnceLock<(Revocation, Instant)>,
    /// Number of guards.
    guards: watch::Sender<usize>,
}

impl RevocationToken {
    fn new() -> Arc<Self> {
        Arc::new(Self { cancelled: CancellationToken::new(), reason: OnceLock::new(), guards: watch::Sender::new(0) })
    }

    fn revoke(&self, reason: Revocation) {
        // The first reason is kept. It is stored before waiters are woken, so they can always read it.
        let _ = self.reason.set((reason, Instant::now()));
        self.cancelled.cancel();
    }
}

/// A counted reference to a revocation token. [`Revocations::revoke`] waits until every guard of the token is dropped.
#[derive(Debug)]
pub(super) struct TokenGuard(Arc<RevocationToken>);

impl TokenGuard {
    fn new(token: Arc<RevocationToken>) -> Self {
        token.guards.send_modify(|n| *n += 1);
        Self(token)
    }

    /// The reason, once revoked.
    pub(super) fn reason(&self) -> Option<Revocation> {
        self.0.reason.get().map(|(reason, _)| *reason)
    }

    /// When it was revoked.
    pub(super) fn revoked_at(&self) -> Option<Instant> {
        self.0.reason.get().map(|(_, at)| *at)
    }

    /// Resolves when it is revoked.
    pub(super) async fn cancelled(&self) {
        self.0.cancelled.cancelled().await;
    }
}

impl Drop for TokenGuard {
    fn drop(&mut self) {
        self.0.guards.send_modify(|n| *n -= 1);
    }
}

/// Guards of the tokens of a terminal and of a login session.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) terminal: TokenGuard,
    pub(super) session: TokenGuard,
}

type Tokens<K> = Mutex<HashMap<K, Arc<RevocationToken>>>;

/// The token of a login session that a lease was given for: the session and the token's generation.
type LoginToken = (SessionId, i64);

/// The tokens and expiry trackers of one server process.
#[derive(Debug, Default)]
pub struct RevocationRegistry {
    terminals: Tokens<TerminalId>,
    logins_by_token: Tokens<LoginToken>,
    grants: ExpiryTrackers<(SessionId, TerminalId)>,
    logins: ExpiryTrackers<SessionId>,
}

impl RevocationRegistry {
    /// Acquires a guard of each token. Call it *before* reading facts, and check for a revocation afterwards.
    pub(super) fn subscribe(&self, login: LoginToken, terminal: TerminalId) -> Subscription {
        Subscription { terminal: acquire(&self.terminals, terminal), session: self.subscribe_login(login) }
    }

    /// Acquires a guard of the token of a login session alone.
    pub(super) fn subscribe_login(&self, login: LoginToken) -> TokenGuard {
        acquire(&self.logins_by_token, login)
    }

    /// The tracker of a grant: input on one socket extends all sockets of the grant.
    pub(super) fn grant_tracker(&self, grant: &GrantFacts) -> Arc<ExpiryTracker> {
        self.grants.get_or_insert((grant.session, grant.terminal), grant.into())
    }

    /// The tracker of a login session: a request or input on one socket extends all its sockets.
    pub(super) fn login_tracker(&self, session: SessionId, facts: &SessionFacts) -> Arc<ExpiryTracker> {
        self.logins.get_or_insert(session, facts.into())
    }

    /// The tracker of a login session, if a lease holds it.
    pub(super) fn find_login_tracker(&self, session: SessionId) -> Option<Arc<ExpiryTracker>> {
        self.logins.get(&session)
    }

    /// The tracker of a grant, if a lease holds it.
    pub(super) fn find_grant_tracker(&self, session: SessionId, terminal: TerminalId) -> Option<Arc<ExpiryTracker>> {
        self.grants.get(&(session, terminal))
    }
}

#[async_trait]
impl Revocations for RevocationRegistry {
    async fn revoke(&self, scope: Scope, reason: Revocation, deadline: Duration) -> Release {
        let tokens = match scope {
            Scope::Terminal(id) => remove(&self.terminals, |terminal| *terminal == id),
            Scope::Session(id) => remove(&self.logins_by_token, |(session, _)| *session == id),
            Scope::OlderTokens { session: id, generation: current } => {
                remove(&self.logins_by_token, |(session, generation)| *session == id && *generation < current)
            }
        };
        for token in &tokens {
            token.revoke(reason);
        }
        let released = async {
            for token in &tokens {
                let _ = token.guards.subscribe().wait_for(|n| *n == 0).await;
            }
        };
        if tokio::time::timeout(deadline, released).await.is_ok() {
            return Release::Complete;
        }
        Release::Pending(tokens.iter().map(|token| *token.guards.borrow()).sum())
    }

    fn revoke_all_terminals(&self, reason: Revocation) -> usize {
        let tokens = std::mem::take(&mut *self.terminals.lock().unwrap_or_else(PoisonError::into_inner));
        tokens.values().filter(|token| *token.guards.borrow() > 0).inspect(|token| token.revoke(reason)).count()
    }

    fn renew_grant(&self, grant: &GrantFacts) {
        let tracker = self.find_grant_tracker(grant.session, grant.terminal);
        if tracker.is_some_and(|tracker| tracker.epoch() == grant.epoch) {
            self.grant_tracker(grant);
        }
    }

    fn remove_lock(&self, terminal: TerminalId, epoch: i64) {
        for tracker in self.grants.matching(|(_, of)| *of == terminal) {
            if tracker.epoch() == epoch {
                tracker.mark_lock_removed();
            }
        }
    }

    fn record_activity(&self, session: SessionId, now: Timestamp) {
        if let Some(tracker) = self.find_login_tracker(session) {
            tracker.record_activity(now);
        }
    }

    fn shorten(&self, grants: MaxDurations, logins: MaxDurations) {
        self.grants.shorten(grants);
        self.logins.shorten(logins);
    }

    fn active_leases(&self) -> usize {
        let tokens = self.terminals.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.values().map(|token| *token.guards.borrow()).sum()
    }
}

fn acquire<K: Eq + Hash>(tokens: &Tokens<K>, key: K) -> TokenGuard {
    let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
    tokens.retain(|_, token| *token.guards.borrow() > 0);
    TokenGuard::new(tokens.entry(key).or_insert_with(RevocationToken::new).clone())
}

fn remove<K: Eq + Hash>(tokens: &Tokens<K>, matches: impl Fn(&K) -> bool) -> Vec<Arc<RevocationToken>> {
    let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
    tokens.extract_if(|key, _| matches(key)).map(|(_, token)| token).collect()
}
