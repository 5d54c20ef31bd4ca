//! Pages: rendered by the server, hydrated in the browser.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use leptos::{
    config::LeptosOptions,
    nonce::use_nonce,
    prelude::{provide_context, use_context},
};
use leptos_axum::ResponseOptions;

use super::{backend::OwnRoutes, headers::page_policy, static_files};

/// Files first, then pages; both on GET only. `rest` is what pages read from.
pub fn router(rest: Router) -> Router {
    // The reactive system spawns on whatever executor it was told of, once a process; a second telling is no error.
    let _ = any_spawner::Executor::init_tokio();
    let options = LeptosOptions::builder().output_name("rexec").site_pkg_dir("pkg").build();
    Router::new().fallback(get(page)).with_state((rest, options))
}

async fn page(State((rest, options)): State<(Router, LeptosOptions)>, request: Request) -> Response {
    if let Some(file) = static_files::serve(request.uri(), request.headers()) {
        return file;
    }
    // A file that is not there is not a page: answering HTML would only hide the mistake.
    if ["/pkg/", "/fonts/"].iter().any(|folder| request.uri().path().starts_with(folder)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let backend = OwnRoutes::of(rest, request.headers(), request.extensions());
    let render = leptos_axum::render_app_async_with_context(
        move || provide_context(backend.clone()),
        move || {
            set_policy();
            app::shell(options.clone())
        },
    );
    let known = is_page(request.uri().path());
    let mut response = render(request.map(Body::new)).await.into_response();
    if !known && response.status() == StatusCode::OK {
        // The page says so in words; programs are told too.
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// Whether a page stands at this address; the map itself is `app`'s.
fn is_page(path: &str) -> bool {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    matches!(
        parts.as_slice(),
        ["" | "setup" | "login" | "invite" | "terminals" | "account" | "admin"]
            | ["terminals" | "account" | "admin", _]
    )
}

/// A fresh nonce per answer; the policy names it.
fn set_policy() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
