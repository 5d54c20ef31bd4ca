//! Requests that change something must come from Rexec's own pages (ASVS 4.4.2): they need an exact `Origin`, or
//! `Sec-Fetch-Site: same-origin`. If both are present they must agree. This check does not depend on the cookies being
//! SameSite=Strict.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::error::ApiError;
use crate::{
    problem::RequestError,
    services::{Origins, Services},
};

/// Set by the browser (Fetch Metadata); scripts cannot change it.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Rejects changes from other origins before their handler runs.
pub async fn layer(State(services): State<Services>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    if safe || (is_own(headers, &services.origins) && !reports_other_origin(headers)) {
        return next.run(request).await;
    }
    ApiError::from(RequestError::ForeignChange).into_response()
}

/// Whether the headers identify one of Rexec's own pages.
pub fn is_own(headers: &HeaderMap, origins: &Origins) -> bool {
    let mut origins_sent = headers.get_all(header::ORIGIN).iter();
    match (origins_sent.next(), origins_sent.next()) {
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| origins.allows(origin)),
        // Browsers never send two.
        (Some(_), Some(_)) => false,
        (None, _) => headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "same-origin"),
    }
}

/// Whether the browser reports another origin. Requests of own pages have `same-origin` or, over plain HTTP to another
/// host and from old browsers, no header; programs send none. `none` means the address bar or a bookmark, which never
/// change anything.
fn reports_other_origin(headers: &HeaderMap) -> bool {
    headers.get_all(SEC_FETCH_SITE).iter().any(|site| site != "same-origin")
}
