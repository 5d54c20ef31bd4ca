//! The token of a one-time link.

use leptos::prelude::*;
use protocol::names::Sensitive;

use crate::browser;

/// The token in the fragment of the address: `None` until the browser has read it, empty when there is none. It is
/// removed from the address bar and the history. A link that is opened in the same tab replaces it.
pub(super) fn link_token() -> RwSignal<Option<Sensitive>> {
    let token = RwSignal::new(None);
    let read = move || {
        let fragment = browser::take_fragment();
        let found = fragment.strip_prefix("token=");
        if found.is_some() || token.with_untracked(Option::is_none) {
            token.set(Some(Sensitive::new(found.unwrap_or_default())));
        }
    };
    Effect::new(move |_| {
        read();
        browser::on_window("hashchange", move |_| read());
    });
    token
}
