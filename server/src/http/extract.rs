//! Extractors of bodies, queries and path parameters. Invalid ones are rejected with a problem document.

use std::{num::NonZeroU32, str::FromStr};

use axum::{
    body::{Bytes, HttpBody as _, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, header, request::Parts},
};
use http_body_util::LengthLimitError;
use protocol::{Page, TerminalId, limits, names::Slug};
use serde::{Deserialize, de::DeserializeOwned};
use store::pagination;
use tokio::time::Instant;

use super::error::ApiError;
use crate::problem::RequestError;

/// Parameters of a page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// `next` of the page before.
    after: Option<String>,
    /// Items wanted, at least one and at most 200.
    #[param(value_type = Option<u32>, minimum = 1)]
    limit: Option<NonZeroU32>,
}

impl PageParams {
    /// Number of items.
    pub(super) fn limit(&self) -> u32 {
        bounded(self.limit, limits::PAGE_ITEMS_DEFAULT)
    }

    /// The position before the page; the start without `after`.
    pub(super) fn position<P: FromStr + Default>(&self) -> Result<P, ApiError> {
        parse_position(self.after.as_deref()).map(Option::unwrap_or_default)
    }

    /// A page of a short list that was read completely. Without a limit it has the maximum length.
    pub(super) fn page_of<T>(&self, all: Vec<T>, id: impl Fn(&T) -> String) -> Result<Page<T>, ApiError> {
        let from = match self.after.as_deref().filter(|after| !after.is_empty()) {
            None => 0,
            Some(after) => all.iter().position(|item| id(item) == after).ok_or(RequestError::UnknownPosition)? + 1,
        };
        let rest = all.into_iter().skip(from).collect();
        let limit = bounded(self.limit, limits::PAGE_ITEMS_MAX);
        Ok(pagination::page(rest, limit, id, |item| item))
    }
}

/// The requested number of items, bounded; the default if absent.
pub(super) fn bounded(limit: Option<NonZeroU32>, default: u32) -> u32 {
    limit.map_or(default, NonZeroU32::get).min(limits::PAGE_ITEMS_MAX)
}

/// The position of `after`, if present.
pub(super) fn parse_position<P: FromStr>(after: Option<&str>) -> Result<Option<P>, ApiError> {
    after
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().map_err(|_| RequestError::UnknownPosition.into()))
        .transpose()
}

/// Deadline for receiving the body of a request.
#[derive(Debug, Clone, Copy)]
pub struct ReadBy(pub Instant);

/// Reads a body within its size limit and deadline.
pub(super) async fn read(request: Request) -> Result<Bytes, ApiError> {
    let by = request.extensions().get::<ReadBy>().map(|ReadBy(by)| *by);
    // A declared size over the limit is rejected without reading.
    let most = limits::JSON_BODY_BYTES_MAX;
    if request.body().size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(RequestError::BodyTooLarge.into());
    }
    let bytes = to_bytes(request.into_body(), most);
    let bytes = match by {
        Some(by) => tokio::time::timeout_at(by, bytes).await.map_err(|_| RequestError::BodyTimeout)?,
        None => bytes.await,
    };
    bytes.map_err(|error| {
        let too_large = error.into_inner().is::<LengthLimitError>();
        if too_large { RequestError::BodyTooLarge.into() } else { RequestError::BodyBroken.into() }
    })
}

/// Checks that the content type is JSON. Pages of other sites cannot send it without a CORS preflight.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(RequestError::NotJson.into())
}

/// A JSON body. The types reject unknown fields (`deny_unknown_fields`).
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        parsed(&read(request).await?).map(Self)
    }
}

impl<T: serde::Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        axum::Json(self.0).into_response()
    }
}

/// An optional JSON body; the type's default if absent.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let json = require_json(request.headers());
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        json?;
        parsed(&bytes).map(Self)
    }
}

/// Parses an object. Arrays are rejected, because the parser would read their items as fields in order.
fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(RequestError::BodyIsArray.into());
    }
    let value = axum::Json::from_bytes(bytes).map(|axum::Json(value)| value);
    value.map_err(|rejection| RequestError::InvalidBody(rejection.body_text()).into())
}

/// A query string, parsed into a type with `deny_unknown_fields`.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|e| RequestError::InvalidQuery(e.body_text()).into())
    }
}

/// An `{id}` of a path. A malformed id gets the same response as an unknown one.
#[derive(Debug, Clone, Copy)]
pub struct IdPath<T>(pub T);

impl<S: Send + Sync, T: FromStr + Send> FromRequestParts<S> for IdPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| RequestError::UnknownId)?;
        text.parse().map(Self).map_err(|_| RequestError::UnknownId.into())
    }
}

/// A `{name}` of a path: an image, a tier.
#[derive(Debug, Clone)]
pub struct SlugPath(pub Slug);

impl<S: Send + Sync> FromRequestParts<S> for SlugPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| RequestError::UnknownName)?;
        Slug::parse(&text).map(Self).map_err(|rule| RequestError::InvalidName(rule).into())
    }
}

/// The `{id}` of a terminal's path. A malformed id gets the same response as an unknown one.
#[derive(Debug, Clone, Copy)]
pub struct TerminalPath(pub TerminalId);

impl<S: Send + Sync> FromRequestParts<S> for TerminalPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| no_such_terminal())?;
        text.parse().map(Self).map_err(|_| no_such_terminal())
    }
}

fn no_such_terminal() -> ApiError {
    access::Denied::NotFound.into()
}
