//! Requests that change something must come from our own pages (ASVS 4.4.2): an exact `Origin`, or the browser's own
//! word `Sec-Fetch-Site: same-origin`. Where both are said they must agree. Cookies are SameSite=Strict as well; this
//! holds where that does not.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use protocol::ProblemKind;

use super::error::ApiError;
use crate::services::{Origins, Services};

/// What a browser says of the page that asks (Fetch Metadata); no script can set or change it.
const SITE: &str = "sec-fetch-site";

/// Refuses foreign changes before any handler runs.
pub async fn layer(State(services): State<Services>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    if safe || (ours(headers, &services.origins) && !contradicts(headers)) {
        return next.run(request).await;
    }
    ApiError::new(
        ProblemKind::ForeignOrigin,
        "Changes are taken from Rexec's own pages only. Programs send the Origin header of the public URL.",
    )
    .into_response()
}

/// Whether the headers say that a page of ours is asking.
pub fn ours(headers: &HeaderMap, origins: &Origins) -> bool {
    let mut given = headers.get_all(header::ORIGIN).iter();
    match (given.next(), given.next()) {
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| origins.allows(origin)),
        // No browser says two: whoever is in between must not choose the one that is believed.
        (Some(_), Some(_)) => false,
        (None, _) => headers.get(SITE).is_some_and(|site| site == "same-origin"),
    }
}

/// Whether the browser itself says that it was not a page of ours. What our pages send says `same-origin` or, over plain
/// HTTP to another machine and from old browsers, nothing; programs say nothing. `none` is a person's own doing in the
/// address bar or a bookmark, and nothing is changed that way.
fn contradicts(headers: &HeaderMap) -> bool {
    headers.get_all(SITE).iter().any(|site| site != "same-origin")
}
