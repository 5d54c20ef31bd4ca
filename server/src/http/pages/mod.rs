//! Pages: rendered by the server, hydrated in the browser.

mod backend;

use std::sync::Arc;

use app::backend::OnNotFound;
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

use super::{
    headers::page_policy,
    static_files::{self, Site},
};
use crate::{
    http::{api, error::ApiError},
    problem::RequestError,
};
use backend::InProcessBackend;

/// Files, then pages; GET only. Pages read their data from `rest`.
pub fn router(rest: Router, site: Site) -> Router {
    // The executor is set once per process; a second call has no effect.
    let _ = any_spawner::Executor::init_tokio();
    let options = LeptosOptions::builder().output_name("rexec").site_pkg_dir("pkg").build();
    Router::new().fallback(get(page).fallback(api::method_not_allowed)).with_state((rest, options, site))
}

async fn page(State((rest, options, site)): State<(Router, LeptosOptions, Site)>, request: Request) -> Response {
    if let Some(file) = static_files::serve(site, request.uri(), request.headers()) {
        return file;
    }
    // A missing file is an error and not a page.
    if ["/pkg/", "/fonts/"].iter().any(|folder| request.uri().path().starts_with(folder)) {
        return ApiError::from(RequestError::UnknownFile).into_response();
    }
    let backend = InProcessBackend::of(rest, request.headers(), request.extensions());
    let render = leptos_axum::render_app_async_with_context(
        move || provide_context(backend.clone()),
        move || {
            prepare_response();
            app::shell(options.clone())
        },
    );
    render(request.map(Body::new)).await.into_response()
}

/// Sets the policy with the nonce of this response, and the status 404 when the page is "not found".
fn prepare_response() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    provide_context(OnNotFound(Arc::new(move || response.set_status(StatusCode::NOT_FOUND))));
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    /// Without a login and without routes.
    async fn status(path: &str) -> StatusCode {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router(Router::new(), |_| None).oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn unknown_addresses_have_the_status_404() {
        for page in ["/", "/setup", "/login", "/invite", "/terminals/1", "/account", "/admin/users"] {
            assert_ne!(status(page).await, StatusCode::NOT_FOUND, "{page}");
        }
        for nothing in ["/nothing", "/login/further", "/admin/users/further", "/setup.php", "/pkg/nothing.js"] {
            assert_eq!(status(nothing).await, StatusCode::NOT_FOUND, "{nothing}");
        }
    }
}
