//! Values of form fields.

use js_sys::Reflect;
use web_sys::{FormData, HtmlFormElement};

/// The current value of a field, also if it was filled in before hydration.
pub(crate) fn form_value(form: &HtmlFormElement, name: &str) -> String {
    FormData::new_with_form(form).ok().and_then(|data| data.get(name).as_string()).unwrap_or_default()
}

/// Sets the value of a field.
pub(crate) fn set_form_value(form: &HtmlFormElement, name: &str, value: &str) {
    if let Ok(Some(field)) = form.query_selector(&format!("[name={name}]")) {
        let _ = Reflect::set(&field, &"value".into(), &value.into());
    }
}
