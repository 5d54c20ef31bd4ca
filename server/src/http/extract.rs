//! Bodies, queries and path ids, parsed at the edge. What cannot be read is refused with words.

use std::{num::NonZeroU32, str::FromStr};

use axum::{
    body::{Bytes, HttpBody as _, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::QueryRejection},
    http::{HeaderMap, header, request::Parts},
};
use http_body_util::LengthLimitError;
use protocol::{Page, Problem, ProblemKind, TerminalId, limits, names::Slug};
use serde::{Deserialize, de::DeserializeOwned};
use store::pagination;
use tokio::time::Instant;

use super::problem::Refusal;

/// Which page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// `next` of the page before.
    after: Option<String>,
    /// Items wanted, at least one and at most 200.
    #[param(value_type = Option<u32>, minimum = 1)]
    limit: Option<NonZeroU32>,
}

impl Window {
    /// Items to give.
    pub(super) fn limit(&self) -> u32 {
        bounded(self.limit, limits::PAGE_ITEMS_DEFAULT)
    }

    /// Where the page begins; without `after` at the beginning.
    pub(super) fn behind<P: FromStr + Default>(&self) -> Result<P, Refusal> {
        place(self.after.as_deref()).map(Option::unwrap_or_default)
    }

    /// The page of a short list that was read whole. Without a limit it is as long as a page may be.
    pub(super) fn of<T>(&self, all: Vec<T>, id: impl Fn(&T) -> String) -> Result<Page<T>, Refusal> {
        let from = match self.after.as_deref().filter(|after| !after.is_empty()) {
            None => 0,
            Some(after) => all.iter().position(|item| id(item) == after).ok_or_else(no_place)? + 1,
        };
        let rest = all.into_iter().skip(from).collect();
        let limit = bounded(self.limit, limits::PAGE_ITEMS_MAX);
        Ok(pagination::page(rest, limit, id, |item| item))
    }
}

/// Items to give where so many are wanted.
pub(super) fn bounded(limit: Option<NonZeroU32>, usual: u32) -> u32 {
    limit.map_or(usual, NonZeroU32::get).min(limits::PAGE_ITEMS_MAX)
}

/// The place that `after` names, if it names one.
pub(super) fn place<P: FromStr>(after: Option<&str>) -> Result<Option<P>, Refusal> {
    after.filter(|text| !text.is_empty()).map(|text| text.parse().map_err(|_| no_place())).transpose()
}

fn no_place() -> Refusal {
    Refusal(
        Problem::new(ProblemKind::BadRequest, "`after` must be the `next` of the page before. Begin again without it.")
            .at("after"),
    )
}

/// Where routes, parameters and fields are listed.
const DOCUMENT: &str = "/api/openapi.json";

/// When the body of a request must have arrived.
#[derive(Debug, Clone, Copy)]
pub struct ReadBy(pub Instant);

/// A body, whole, within its bound and its time.
pub(super) async fn read(request: Request) -> Result<Bytes, Refusal> {
    let by = request.extensions().get::<ReadBy>().map(|ReadBy(by)| *by);
    // What is said to be too much is not waited for.
    let most = limits::JSON_BODY_BYTES_MAX;
    if request.body().size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let bytes = to_bytes(request.into_body(), most);
    let bytes = match by {
        Some(by) => tokio::time::timeout_at(by, bytes).await.map_err(|_| {
            Refusal::new(ProblemKind::RequestTimeout, "The rest of the body did not come. Send the request again.")
        })?,
        None => bytes.await,
    };
    bytes.map_err(|error| {
        let broken = "The body broke off or was not framed as HTTP/1.1 says. Send the request again.";
        if error.into_inner().is::<LengthLimitError>() {
            too_large()
        } else {
            Refusal::new(ProblemKind::BadRequest, broken)
        }
    })
}

fn too_large() -> Refusal {
    let most = limits::JSON_BODY_BYTES_MAX / 1024;
    Refusal::new(ProblemKind::TooLarge, format!("Send a smaller body: at most {most} KiB."))
}

/// Whether a body says that it is JSON; a page of another site cannot say so without asking first.
pub(super) fn says_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal::new(ProblemKind::NotJson, "Send the body as application/json."))
}

/// A JSON body. Unknown fields are refused by the types themselves (`deny_unknown_fields`).
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        says_json(request.headers())?;
        parsed(&read(request).await?).map(Self)
    }
}

impl<T: serde::Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        axum::Json(self.0).into_response()
    }
}

/// A JSON body that may be absent altogether; then the type's default.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let json = says_json(request.headers());
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        json?;
        parsed(&bytes).map(Self)
    }
}

/// Every body here is an object. The parser would take an array for one as well, its items for the fields in their order.
fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Refusal::new(ProblemKind::BadRequest, "The body could not be read: send an object, not an array."));
    }
    let value = axum::Json::from_bytes(bytes).map(|axum::Json(value)| value);
    value.map_err(|rejection| Refusal::new(ProblemKind::BadRequest, explain(&rejection.body_text())))
}

/// The parser's own sentence, without the prefixes of the layers above it. It names fields and positions, never values
/// of secrets: the secret types refuse nothing.
fn explain(text: &str) -> String {
    let text = text.rsplit("target type: ").next().unwrap_or(text);
    format!(
        "The body could not be read: {}. The fields of each route are listed in {DOCUMENT}.",
        text.trim_end_matches('.')
    )
}

/// What to say of a query that its type refuses.
pub(super) fn unreadable_query(rejection: &QueryRejection) -> Refusal {
    let why = rejection.body_text();
    let why = why.rsplit("query string: ").next().unwrap_or(&why).trim_end_matches('.');
    let next = format!("The parameters of each route are listed in {DOCUMENT}.");
    Refusal::new(ProblemKind::BadRequest, format!("The query could not be read: {why}. {next}"))
}

/// A query string, parsed into a type with `deny_unknown_fields`.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|e| unreadable_query(&e))
    }
}

/// An `{id}` of a path. A malformed one is answered like an unknown one: nothing is there.
#[derive(Debug, Clone, Copy)]
pub struct IdPath<T>(pub T);

impl<S: Send + Sync, T: FromStr + Send> FromRequestParts<S> for IdPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let nothing = || Refusal::new(ProblemKind::NotFound, "There is nothing of that id. Ask for the list again.");
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| nothing())?;
        text.parse().map(Self).map_err(|_| nothing())
    }
}

/// A `{name}` of a path: an image, a tier.
#[derive(Debug, Clone)]
pub struct SlugPath(pub Slug);

impl<S: Send + Sync> FromRequestParts<S> for SlugPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| {
            Refusal::new(ProblemKind::NotFound, "There is nothing of that name. Ask for the list again.")
        })?;
        let bad = |e: protocol::names::BadText| Refusal(Problem::new(ProblemKind::Unprocessable, e.0).at("name"));
        Slug::parse(&text).map(Self).map_err(bad)
    }
}

/// The `{id}` of a terminal's path. A malformed id is answered like an unknown one: nothing is there.
#[derive(Debug, Clone, Copy)]
pub struct TerminalPath(pub TerminalId);

impl<S: Send + Sync> FromRequestParts<S> for TerminalPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| no_such_terminal())?;
        text.parse().map(Self).map_err(|_| no_such_terminal())
    }
}

fn no_such_terminal() -> Refusal {
    access::Denied::NotFound.into()
}
