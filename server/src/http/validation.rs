//! What the document does not name is refused: a parameter of a query, a body where none is taken. One rule for every
//! route, read from the document itself, so that a client learns of its mistake wherever it makes it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Query, Request, State},
    http::{Method, Uri},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use protocol::ProblemKind;
use serde_json::Value;

use super::{
    error::{ApiError, ApiResult},
    extract,
};

/// What one operation takes.
#[derive(Debug, Default)]
struct Takes {
    query: BTreeSet<String>,
    body: bool,
}

/// What each documented operation below `/api/` takes.
#[derive(Debug)]
pub struct Documented(HashMap<(String, String), Takes>);

impl Documented {
    /// As the document says.
    pub fn read(document: &Value) -> Self {
        let mut all = HashMap::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let query = parameters.filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str());
                let takes =
                    Takes { query: query.map(str::to_owned).collect(), body: operation["requestBody"].is_object() };
                all.insert((method.to_uppercase(), path.clone()), takes);
            }
        }
        // Whoever asks for its health may add what they like.
        all.retain(|(_, path), _| path.starts_with("/api/"));
        Self(all)
    }

    fn of(&self, method: &Method, path: &str) -> Option<&Takes> {
        let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
        self.0.get(&(method.to_string(), path.to_owned()))
    }
}

/// Refuses before any handler runs.
pub async fn layer(State(documented): State<Arc<Documented>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let Some(takes) = documented.of(request.method(), &path) else { return next.run(request).await };
    match looked_at(takes, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn looked_at(takes: &Takes, request: Request) -> ApiResult<Request> {
    if let Some(unknown) = parameters(request.uri())?.into_iter().find(|name| !takes.query.contains(name)) {
        let known: Vec<&str> = takes.query.iter().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let detail = format!("There is no parameter of that name here. Known here: {known}.");
        return Err(ApiError(protocol::Problem::new(ProblemKind::BadRequest, detail).at(&unknown)));
    }
    if takes.body {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let json = extract::says_json(&parts.headers);
    let again = Request::from_parts(parts.clone(), body);
    let bytes = extract::read(again).await?;
    if !bytes.is_empty() {
        json?;
        let nothing = serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value == serde_json::json!({}));
        if !nothing {
            return Err(ApiError::new(ProblemKind::BadRequest, "This route takes no body. Send none, or {}."));
        }
    }
    Ok(Request::from_parts(parts, Body::empty()))
}

fn parameters(uri: &Uri) -> ApiResult<Vec<String>> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|e| extract::unreadable_query(&e))?;
    Ok(pairs.0.into_iter().map(|(name, _)| name).collect())
}
