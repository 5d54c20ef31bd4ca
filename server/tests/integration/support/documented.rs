//! Checks every response against the OpenAPI document.

use std::sync::LazyLock;

use rexec::http::{self, ROUTES, Route};
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(http::api::document);

/// Fails if a route answered with a status that its document does not name.
pub fn check(method: &str, path: &str, status: u16) {
    let path = path.split('?').next().unwrap_or_default();
    let Some(route) = ROUTES.iter().find(|route| route.method == method && fits(route, path)) else { return };
    let operation = &DOCUMENT["paths"][route.path][method.to_lowercase()];
    if operation.is_object() {
        let named = operation["responses"][status.to_string()].is_object();
        assert!(named, "{method} {} gave {status}, which its document does not name", route.path);
    }
}

fn fits(route: &Route, path: &str) -> bool {
    let (template, given) = (route.path.split('/'), path.split('/'));
    route.path.matches('/').count() == path.matches('/').count()
        && template.zip(given).all(|(template, given)| template == given || template.starts_with('{'))
}
