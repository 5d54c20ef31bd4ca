//! One request from the browser to the REST routes, and how its failure becomes a [`Problem`].
//!
//! It refuses to know what the routes mean: paths and types are named in the tables beside it.

use js_sys::{Promise, Reflect};
use protocol::{Problem, ProblemKind};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCache, RequestInit, Response};

/// A request without an answer for this long is given up, so that no button stays busy for ever.
const ANSWER_MILLIS_MAX: u32 = 60_000;

/// `GET`, read as `T`.
pub(super) async fn get<T: DeserializeOwned>(path: String) -> Result<T, Problem> {
    parse(&exchange("GET", &path, None).await?)
}

/// `GET`, as the text that travelled.
#[cfg_attr(feature = "ssr", allow(dead_code))]
pub(super) async fn get_text(path: String) -> Result<String, Problem> {
    exchange("GET", &path, None).await
}

/// A request that changes something, with a JSON body.
pub(super) async fn send<T: DeserializeOwned>(
    method: &str,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<T, Problem> {
    let body = body.map(serde_json::to_string).transpose().map_err(|_| unreadable())?;
    parse(&exchange(method, path, body).await?)
}

/// An answer without a body (204) reads as `null`, which is `()`.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(if text.is_empty() { "null" } else { text }).map_err(|_| unreadable())
}

// Not generic: compiled once however many routes there are.
async fn exchange(method: &str, path: &str, body: Option<String>) -> Result<String, Problem> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_MILLIS_MAX)));
    if method != "GET" {
        // What was asked for is done also when the page is left at once. The bindings do not name this property.
        let _ = Reflect::set(&init, &"keepalive".into(), &JsValue::TRUE);
    }
    let headers = Headers::new().map_err(|_| unreachable_server())?;
    let _ = headers.set("accept", "application/json");
    if let Some(body) = body {
        let _ = headers.set("content-type", "application/json");
        init.set_body(&JsValue::from_str(&body));
    }
    init.set_headers(&headers);
    let window = web_sys::window().ok_or_else(unreachable_server)?;
    let response: Response = settle(window.fetch_with_str_and_init(path, &init)).await?.unchecked_into();
    let text = settle(response.text().map_err(|_| unreachable_server())?).await?.as_string().unwrap_or_default();
    if response.ok() { Ok(text) } else { Err(refusal(response.status(), &text)) }
}

async fn settle(promise: Promise) -> Result<JsValue, Problem> {
    JsFuture::from(promise).await.map_err(|_| unreachable_server())
}

/// The server's own words where it sent a problem; otherwise (a proxy in between) words made from the status.
fn refusal(status: u16, text: &str) -> Problem {
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

fn unreachable_server() -> Problem {
    let mut problem = Problem::new(
        ProblemKind::Unavailable,
        "No answer came back. Check your connection; nothing is lost on the server. Then try again.",
    );
    problem.title = "The server cannot be reached".to_owned();
    problem
}

fn unreadable() -> Problem {
    Problem::new(
        ProblemKind::Internal,
        "The page and the server do not understand each other; one of them is newer. Reload the page.",
    )
}
