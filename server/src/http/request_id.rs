//! One id per request: in the log, in error responses, in the audit log. Never taken from the client.

use axum::{extract::Request, http::HeaderValue, middleware::Next, response::Response};
use tracing::Instrument as _;
use uuid::Uuid;

tokio::task_local! {
    static CURRENT: String;
}

/// Id of the request that the current task serves.
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs a part of a request's work under its id, in whichever task it is polled.
pub async fn within<T>(id: Option<String>, work: impl Future<Output = T>) -> T {
    match id {
        Some(id) => CURRENT.scope(id, work).await,
        None => work.await,
    }
}

/// Gives the request its id, a span, and the `x-request-id` response header.
pub async fn layer(request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().simple().to_string();
    // Without the query, which may contain one-time tokens.
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = CURRENT.scope(id.clone(), next.run(request).instrument(span.clone())).await;
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
