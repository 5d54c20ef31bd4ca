//! The data of pages while they are rendered: the REST routes, called inside the process with the cookies of the
//! request. So a page cannot read more than its caller could fetch.
//!
//! Each route is called once per page. The renderer may build a part of a page several times, and the browser hydrates
//! with the first response: a second, different one would give HTML that does not match the data and stop hydration.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use app::backend::{Backend, ResponseFuture};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Extensions, HeaderMap, HeaderValue, Request, header},
};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use protocol::Problem;
use tower::ServiceExt as _;

use crate::{
    http::{authn::PageRead, request_id},
    problem::{RequestError, ToProblem as _},
};

/// Responses of the routes are bounded by page sizes; this is far above them.
const RESPONSE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The response of a route, shared by all parts of the page.
type SharedResponse = Shared<BoxFuture<'static, Result<String, Problem>>>;

/// The REST routes for one caller, in one page.
pub struct InProcessBackend {
    router: Router,
    headers: HeaderMap,
    extensions: Extensions,
    /// Passed explicitly, because parts of the page may be built by other tasks.
    request_id: Option<String>,
    /// By path and query.
    responses: Mutex<HashMap<String, SharedResponse>>,
}

impl InProcessBackend {
    /// Uses the cookies, the user agent and the address of the page request.
    pub fn of(router: Router, headers: &HeaderMap, extensions: &Extensions) -> Arc<dyn Backend> {
        let carried = [header::COOKIE, header::USER_AGENT, header::HeaderName::from_static("x-forwarded-for")];
        let pick = |name| Some((header::HeaderName::clone(&name), headers.get(&name)?.clone()));
        let headers = carried.into_iter().filter_map(pick).collect::<HeaderMap<HeaderValue>>();
        let (extensions, request_id) = (extensions.clone(), request_id::current());
        Arc::new(Self { router, headers, extensions, request_id, responses: Mutex::default() })
    }

    fn call(&self, path: &str) -> SharedResponse {
        let request = Request::builder().uri(path).body(Body::empty());
        let (router, headers, extensions) = (self.router.clone(), self.headers.clone(), self.extensions.clone());
        let answer = async move {
            let mut request = request.map_err(|e| internal(&e))?;
            *request.headers_mut() = headers;
            *request.extensions_mut() = extensions;
            request.extensions_mut().insert(PageRead);
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let good = response.status().is_success();
            let bytes = to_bytes(response.into_body(), RESPONSE_BYTES_MAX).await.map_err(|e| internal(&e))?;
            if good {
                String::from_utf8(bytes.into()).map_err(|e| internal(&e))
            } else {
                Err(serde_json::from_slice(&bytes).unwrap_or_else(|e| internal(&e)))
            }
        };
        request_id::within(self.request_id.clone(), answer).boxed().shared()
    }
}

fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    rates::limited!(suppressed => tracing::error!(suppressed, error, "a page could not read one of our own routes"));
    RequestError::PageFailed.problem()
}

impl Backend for InProcessBackend {
    fn get(&self, path: String) -> ResponseFuture<String> {
        let mut responses = self.responses.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(responses.entry(path).or_insert_with_key(|path| self.call(path)).clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::routing::get;
    use protocol::ProblemKind;

    use super::*;

    /// A route with a different response each time.
    fn changing() -> Router {
        let asked = Arc::new(AtomicU64::new(0));
        let answer = move || {
            let id = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                crate::http::error::ApiError(Problem::new(ProblemKind::MfaRequired, format!("answer {id}")))
            }
        };
        Router::new().route("/api/me", get(answer))
    }

    fn me(page: &Arc<dyn Backend>) -> ResponseFuture<String> {
        page.get("/api/me".into())
    }

    #[tokio::test]
    async fn all_parts_of_a_page_get_the_same_response() {
        let page = async {
            let page = InProcessBackend::of(changing(), &HeaderMap::new(), &Extensions::new());
            let (here, there) = (me(&page), tokio::spawn(me(&page)));
            [here.await.unwrap_err(), there.await.unwrap().unwrap_err(), me(&page).await.unwrap_err()]
        };
        let answers = request_id::within(Some("of the page".into()), page).await;
        for answer in answers {
            assert_eq!((answer.detail.as_str(), answer.request_id.as_deref()), ("answer 0", Some("of the page")));
        }
    }

    #[tokio::test]
    async fn the_next_page_calls_the_route_again() {
        let router = changing();
        for detail in ["answer 0", "answer 1"] {
            let page = InProcessBackend::of(router.clone(), &HeaderMap::new(), &Extensions::new());
            assert_eq!(me(&page).await.unwrap_err().detail, detail);
        }
    }
}
