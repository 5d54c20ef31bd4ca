//! Element ids.

use std::sync::atomic::{AtomicUsize, Ordering};

/// An id that no other element has. The prefix differs between server and browser, because ids that the server rendered
/// stay in the page after hydration.
pub(crate) fn unique_id(name: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let side = if cfg!(feature = "ssr") { 's' } else { 'b' };
    format!("{name}-{side}{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
