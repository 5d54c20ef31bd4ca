//! Every refusal leaves through here, as `application/problem+json` with the request's id.

use access::Denied;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::{Problem, ProblemKind};
use store::StoreError;

use crate::accounts::AccountError;
use crate::problem::ToProblem as _;

/// A refusal on its way out of a handler.
#[derive(Debug)]
pub struct Refusal(pub Problem);

/// What handlers return.
pub type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with why and what to do next.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Problem::new(kind, detail))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self(error.problem())
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        Self(error.into())
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self(denied.problem())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(mut problem) = self;
        if problem.request_id.is_none() {
            problem.request_id = super::request_id::current();
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if problem.status == 401 {
            // Says "log in with a cookie" to programs, and opens no browser dialog.
            headers.insert(HeaderName::from_static("www-authenticate"), HeaderValue::from_static("Cookie"));
        }
        response
    }
}
