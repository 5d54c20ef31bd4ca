//! The signed-in account.

use leptos::{prelude::*, task::spawn_local};
use protocol::auth::{Me, Role};

use crate::api;

/// The signed-in account; empty until it is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    me: RwSignal<Option<Me>>,
    /// Number of requests; only the latest response is applied.
    version: StoredValue<u32>,
    token_changes: RwSignal<u32>,
}

impl Account {
    pub(super) fn provide() {
        provide_context(Self {
            me: RwSignal::new(None),
            version: StoredValue::new(0),
            token_changes: RwSignal::new(0),
        });
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Applies a response.
    pub(crate) fn seed(self, me: Me) {
        if self.me.with_untracked(|known| known.as_ref() != Some(&me)) {
            self.me.set(Some(me));
        }
    }

    /// Reloads the account after a change.
    pub(crate) fn refresh(self) {
        self.version.update_value(|version| *version += 1);
        let version = self.version.get_value();
        spawn_local(async move {
            let result = api::me().await;
            if let Some(me) = result.ok().filter(|_| self.version.get_value() == version) {
                self.seed(me);
            }
        });
    }

    /// A response replaced the session token. The server closes the sockets of the older one shortly after.
    pub(crate) fn token_replaced(self) {
        self.token_changes.update(|count| *count += 1);
    }

    /// How often this page received a new session token.
    pub(crate) const fn token_changes(self) -> RwSignal<u32> {
        self.token_changes
    }

    /// The account, if loaded.
    pub(crate) fn me(self) -> Option<Me> {
        self.me.get()
    }

    /// Whether a second factor is confirmed.
    pub(crate) fn mfa_enabled(self) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.mfa_enabled))
    }

    /// Whether the account is an administrator.
    pub(crate) fn is_admin(self) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.role == Role::Admin))
    }
}
