//! Text for the clipboard, a file, or the settings of this browser.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::dom::{document, window};

/// Copies a text; false when the browser denied it.
pub(crate) async fn copy_text(text: &str) -> bool {
    let clipboard = window().navigator().clipboard();
    // The clipboard is undefined in insecure contexts (plain HTTP from another machine).
    !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Downloads a text as a file.
pub(crate) fn download_text(name: &str, text: &str) {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/plain;charset=utf-8");
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &kind) else { return };
    let Ok(url) = Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = document().create_element("a") {
        let link: HtmlAnchorElement = link.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    let _ = Url::revoke_object_url(&url);
}

/// Reads a setting of this browser.
pub(crate) fn load_setting(name: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(&setting_key(name)).ok().flatten()
}

/// The key of a setting in the local storage.
pub(crate) fn setting_key(name: &str) -> String {
    format!("rexec.{name}")
}

/// Writes a setting of this browser; `None` removes it.
pub(crate) fn save_setting(name: &str, value: Option<&str>) {
    let Ok(Some(storage)) = window().local_storage() else { return };
    let key = setting_key(name);
    let _ = match value {
        Some(value) => storage.set_item(&key, value),
        None => storage.remove_item(&key),
    };
}
