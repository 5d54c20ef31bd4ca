//! Who is signed in.

use leptos::{prelude::*, task::spawn_local};
use protocol::auth::{Me, Role};

use crate::api;

/// The signed-in person; empty until the first answer.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    me: RwSignal<Option<Me>>,
    /// How often it was asked for: only the last answer counts.
    asked: StoredValue<u32>,
}

impl Account {
    pub(super) fn provide() {
        provide_context(Self { me: RwSignal::new(None), asked: StoredValue::new(0) });
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Takes over what the server said.
    pub(crate) fn seed(self, me: Me) {
        if self.me.with_untracked(|known| known.as_ref() != Some(&me)) {
            self.me.set(Some(me));
        }
    }

    /// Asks again, after something about the account changed.
    pub(crate) fn refresh(self) {
        self.asked.update_value(|asked| *asked += 1);
        let asked = self.asked.get_value();
        spawn_local(async move {
            let answer = api::me().await;
            if let Some(me) = answer.ok().filter(|_| self.asked.get_value() == asked) {
                self.seed(me);
            }
        });
    }

    /// The person, when known.
    pub(crate) fn me(self) -> Option<Me> {
        self.me.get()
    }

    /// A confirmed factor exists.
    pub(crate) fn mfa_enabled(self) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.mfa_enabled))
    }

    /// May see the administration.
    pub(crate) fn is_admin(self) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.role == Role::Admin))
    }
}
