//! What pages read while they are rendered: the REST routes themselves, asked inside the process with the request's own
//! cookies. One door, one set of guards; a page can never see more than the same caller could fetch.
//!
//! A route is asked once for each page, however often the page asks. The renderer may build a part of a page several
//! times before it is whole, and the browser takes over the answer of the first time: were the second one different,
//! the page would not fit its own data and would stop.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use app::backend::{Answer, Backend};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Extensions, HeaderMap, HeaderValue, Request, header},
};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use protocol::{Problem, ProblemKind};
use tower::ServiceExt as _;

use crate::http::request_id;

/// Answers of our own routes are bounded by page sizes; this is far above them.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a route answered, for everybody in the page who asks.
type Once = Shared<BoxFuture<'static, Result<String, Problem>>>;

/// The REST routes as one caller sees them, in one page.
pub struct OwnRoutes {
    router: Router,
    headers: HeaderMap,
    extensions: Extensions,
    /// Parts of the page may be built in other tasks, which do not know it.
    request_id: Option<String>,
    /// By path and query.
    asked: Mutex<HashMap<String, Once>>,
}

impl OwnRoutes {
    /// For the caller of this page request: its cookies, its address, and nothing else of it.
    pub fn of(router: Router, headers: &HeaderMap, extensions: &Extensions) -> Arc<dyn Backend> {
        let carried = [header::COOKIE, header::USER_AGENT, header::HeaderName::from_static("x-forwarded-for")];
        let pick = |name| Some((header::HeaderName::clone(&name), headers.get(&name)?.clone()));
        let headers = carried.into_iter().filter_map(pick).collect::<HeaderMap<HeaderValue>>();
        let (extensions, request_id) = (extensions.clone(), request_id::current());
        Arc::new(Self { router, headers, extensions, request_id, asked: Mutex::default() })
    }

    fn ask(&self, path: &str) -> Once {
        let request = Request::builder().uri(path).body(Body::empty());
        let (router, headers, extensions) = (self.router.clone(), self.headers.clone(), self.extensions.clone());
        let answer = async move {
            let mut request = request.map_err(|e| ours(&e))?;
            *request.headers_mut() = headers;
            *request.extensions_mut() = extensions;
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let good = response.status().is_success();
            let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.map_err(|e| ours(&e))?;
            if good {
                String::from_utf8(bytes.into()).map_err(|e| ours(&e))
            } else {
                Err(serde_json::from_slice(&bytes).unwrap_or_else(|e| ours(&e)))
            }
        };
        request_id::within(self.request_id.clone(), answer).boxed().shared()
    }
}

fn ours(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "a page could not read one of our own routes");
    Problem::new(ProblemKind::Internal, "This is our mistake. Reload the page; if it stays, tell your administrator.")
}

impl Backend for OwnRoutes {
    fn get(&self, path: String) -> Answer<String> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(asked.entry(path).or_insert_with_key(|path| self.ask(path)).clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::routing::get;

    use super::*;

    /// A route that never answers the same twice.
    fn changing() -> Router {
        let asked = Arc::new(AtomicU64::new(0));
        let answer = move || {
            let id = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                crate::http::error::ApiError::new(ProblemKind::MfaRequired, format!("answer {id}"))
            }
        };
        Router::new().route("/api/me", get(answer))
    }

    fn me(page: &Arc<dyn Backend>) -> Answer<String> {
        page.get("/api/me".into())
    }

    #[tokio::test]
    async fn however_often_and_wherever_a_page_asks_it_gets_one_answer() {
        let page = async {
            let page = OwnRoutes::of(changing(), &HeaderMap::new(), &Extensions::new());
            let (here, there) = (me(&page), tokio::spawn(me(&page)));
            [here.await.unwrap_err(), there.await.unwrap().unwrap_err(), me(&page).await.unwrap_err()]
        };
        let answers = request_id::within(Some("of the page".into()), page).await;
        for answer in answers {
            assert_eq!((answer.detail.as_str(), answer.request_id.as_deref()), ("answer 0", Some("of the page")));
        }
    }

    #[tokio::test]
    async fn the_next_page_asks_anew() {
        let router = changing();
        for told in ["answer 0", "answer 1"] {
            let page = OwnRoutes::of(router.clone(), &HeaderMap::new(), &Extensions::new());
            assert_eq!(me(&page).await.unwrap_err().detail, told);
        }
    }
}
