//! Sends requests to REST routes and maps failures to [`Problem`]s.

use std::{future::Future, pin::Pin};

use js_sys::{Promise, Reflect};
use protocol::{Problem, ProblemKind};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCache, RequestInit, Response};

use crate::backend::ResponseFuture;

/// A request fails after this time without a response, so that no form stays busy indefinitely.
const RESPONSE_TIMEOUT_MILLIS: u32 = 60_000;

/// `GET`, as the JSON text of the response body.
#[cfg(feature = "ssr")]
pub(super) fn get(path: String) -> ResponseFuture<String> {
    match leptos::prelude::use_context::<std::sync::Arc<dyn crate::backend::Backend>>() {
        Some(backend) => backend.get(path),
        None => Box::pin(std::future::ready(Err(Problem::new(
            ProblemKind::Unavailable,
            "The server is not ready to answer yet. Reload in a moment.",
        )))),
    }
}

/// `GET`, as the JSON text of the response body.
#[cfg(not(feature = "ssr"))]
pub(super) fn get(path: String) -> ResponseFuture<String> {
    // The browser has one thread; the wrapper only satisfies the `Send` bound that the server needs.
    Box::pin(send_wrapper::SendWrapper::new(async move { exchange("GET", &path, None).await }))
}

/// A request that is sent when it is awaited. Boxed: one future for each type of response instead of one for each route
/// makes the WASM file smaller.
pub type RequestFuture<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// A request that changes something, with a body of [`json`] or `Ok(None)`.
pub(super) fn send<T: DeserializeOwned + 'static>(
    method: &'static str,
    path: String,
    body: Result<Option<String>, Problem>,
) -> RequestFuture<T> {
    Box::pin(async move { decode(&exchange(method, &path, body?).await?) })
}

/// A JSON body.
pub(super) fn json(body: &impl Serialize) -> Result<Option<String>, Problem> {
    serde_json::to_string(body).map(Some).map_err(|_| incompatible())
}

/// Decodes a response body. An empty body (204) decodes as `null`.
///
/// # Errors
/// The text is not a `T`: page and server have different versions.
pub(super) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(if text.is_empty() { "null" } else { text }).map_err(|_| incompatible())
}

// Not generic, so that it is compiled once for all routes.
async fn exchange(method: &str, path: &str, body: Option<String>) -> Result<String, Problem> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(RESPONSE_TIMEOUT_MILLIS)));
    if method != "GET" {
        // The request completes even if the page is closed. The bindings have no setter for this property.
        let _ = Reflect::set(&init, &"keepalive".into(), &JsValue::TRUE);
    }
    let headers = Headers::new().map_err(|_| no_response())?;
    let _ = headers.set("accept", "application/json");
    if user_is_active() {
        let _ = headers.set("x-rexec-user-active", "1");
    }
    if let Some(body) = body {
        let _ = headers.set("content-type", "application/json");
        init.set_body(&JsValue::from_str(&body));
    }
    init.set_headers(&headers);
    let window = web_sys::window().ok_or_else(no_response)?;
    let response: Response = resolve(window.fetch_with_str_and_init(path, &init)).await?.unchecked_into();
    let text = resolve(response.text().map_err(|_| no_response())?).await?.as_string().unwrap_or_default();
    if response.ok() { Ok(text) } else { Err(problem_of(response.status(), &text)) }
}

/// Whether the user clicked or typed within the last seconds. Only such reads keep the login alive; polling does not.
fn user_is_active() -> bool {
    let navigator = web_sys::window().map(|window| window.navigator());
    let active = navigator.and_then(|navigator| Reflect::get(&navigator, &"userActivation".into()).ok());
    let active = active.and_then(|activation| Reflect::get(&activation, &"isActive".into()).ok());
    active.is_some_and(|active| active.is_truthy())
}

async fn resolve(promise: Promise) -> Result<JsValue, Problem> {
    JsFuture::from(promise).await.map_err(|_| no_response())
}

/// The problem document of the server; for other bodies (a proxy in between) a problem derived from the status.
fn problem_of(status: u16, text: &str) -> Problem {
    serde_json::from_str(text).unwrap_or_else(|_| {
        let kind = match status {
            401 => ProblemKind::NotLoggedIn,
            403 => ProblemKind::Forbidden,
            404 => ProblemKind::NotFound,
            413 => ProblemKind::TooLarge,
            429 => ProblemKind::Throttled,
            502..=504 => ProblemKind::Unavailable,
            500..=599 => ProblemKind::Internal,
            _ => ProblemKind::BadRequest,
        };
        Problem::new(kind, format!("The answer was {status} without an explanation. Try again in a moment."))
    })
}

fn no_response() -> Problem {
    let mut problem = Problem::new(
        ProblemKind::Unavailable,
        "No answer came back. Check your connection; nothing is lost on the server. Then try again.",
    );
    problem.title = "The server cannot be reached".to_owned();
    problem
}

fn incompatible() -> Problem {
    Problem::new(
        ProblemKind::Internal,
        "The page and the server do not understand each other; one of them is newer. Reload the page.",
    )
}
