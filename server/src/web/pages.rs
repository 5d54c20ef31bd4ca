//! Pages: rendered by the server, hydrated in the browser.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;

use super::{headers::page_policy, static_files};
use crate::services::Services;

/// Files first, then pages; both on GET only.
pub fn router(services: &Services) -> Router {
    let options = LeptosOptions::builder().output_name("rexec").site_pkg_dir("pkg").build();
    Router::new().fallback(get(page)).with_state((services.clone(), options))
}

async fn page(State((_services, options)): State<(Services, LeptosOptions)>, request: Request) -> Response {
    if let Some(file) = static_files::serve(request.uri(), request.headers()) {
        return file;
    }
    let render = leptos_axum::render_app_to_stream_with_context(
        || {},
        move || {
            set_policy();
            app::shell(options.clone())
        },
    );
    render(request.map(Body::new)).await.into_response()
}

/// A fresh nonce per answer; the policy names it.
fn set_policy() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
