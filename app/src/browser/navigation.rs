//! The address bar and changes of the page.

use protocol::{Problem, ProblemKind};

use super::dom::window;
use crate::api::PercentEncoded;

/// Leaves the program by loading a page, so that no data of the old session stays in memory after login and logout.
pub(crate) fn load_page(path: &str) {
    let _ = window().location().replace(path);
}

/// The last step of a form that leads to another page. Never resolves, so that the form stays busy until the page is
/// replaced.
pub(crate) async fn navigate_away(path: &str) -> Result<(), Problem> {
    load_page(path);
    std::future::pending().await
}

/// The fragment of the address, without `#`. It is removed from the address bar and the history, together with a query.
pub(crate) fn take_fragment() -> String {
    let window = window();
    let location = window.location();
    let (fragment, path) = (location.hash().unwrap_or_default(), location.pathname().unwrap_or_default());
    if let Ok(history) = window.history() {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&path));
    }
    fragment.trim_start_matches('#').to_owned()
}

/// Leads to the login page if the login expired, with a link back. False for other problems and on the login page
/// itself.
pub(crate) fn redirect_to_login(problem: &Problem) -> bool {
    if problem.kind != ProblemKind::NotLoggedIn {
        return false;
    }
    let location = window().location();
    let current = location.pathname().unwrap_or_default();
    let leaves = current != "/login";
    if leaves {
        let current = current + &location.search().unwrap_or_default();
        load_page(&format!("/login?next={}&ended", PercentEncoded(&current)));
    }
    leaves
}

/// A path of this site, or `/`. Browsers drop tabs and line breaks from addresses and read a backslash as a slash, so a
/// path with such characters may lead to another site; addresses of this site contain none.
pub(crate) fn safe_redirect_path(next: Option<String>) -> String {
    let plain = |path: &String| path.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
    next.filter(|path| path.starts_with('/') && !path.starts_with("//")).filter(plain).unwrap_or_else(|| "/".to_owned())
}
