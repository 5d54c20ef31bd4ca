//! Error responses: `application/problem+json` with the request id.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::Problem;

use crate::problem::ToProblem;

/// The error response of a handler.
#[derive(Debug)]
pub struct ApiError(pub Problem);

/// Result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

impl<E: ToProblem> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.problem())
    }
}

impl IntoResponse for ApiError {
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
            // A scheme without a browser dialog.
            headers.insert(HeaderName::from_static("www-authenticate"), HeaderValue::from_static("Cookie"));
        }
        response
    }
}
