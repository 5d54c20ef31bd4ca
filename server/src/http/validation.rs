//! Request validation: query parameters and bodies that the OpenAPI document does not define are rejected, on every
//! route.

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
use serde_json::Value;

use super::{error::ApiResult, extract};
use crate::problem::RequestError;

/// The input that an operation accepts.
#[derive(Debug, Default)]
struct Input {
    query: BTreeSet<String>,
    body: bool,
}

/// The input of each documented operation below `/api/`.
#[derive(Debug)]
pub struct DocumentedInputs(HashMap<(String, String), Input>);

impl DocumentedInputs {
    /// From the OpenAPI document.
    pub fn from_document(document: &Value) -> Self {
        let mut all = HashMap::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let query = parameters.filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str());
                let input =
                    Input { query: query.map(str::to_owned).collect(), body: operation["requestBody"].is_object() };
                all.insert((method.to_uppercase(), path.clone()), input);
            }
        }
        // Health checks may have any parameters.
        all.retain(|(_, path), _| path.starts_with("/api/"));
        Self(all)
    }

    fn input(&self, method: &Method, path: &str) -> Option<&Input> {
        let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
        self.0.get(&(method.to_string(), path.to_owned()))
    }
}

/// Validates a request before its handler runs.
pub async fn layer(State(documented): State<Arc<DocumentedInputs>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let Some(accepted) = documented.input(request.method(), &path) else { return next.run(request).await };
    match validate(accepted, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn validate(accepted: &Input, request: Request) -> ApiResult<Request> {
    if let Some(unknown) = parameters(request.uri())?.into_iter().find(|name| !accepted.query.contains(name)) {
        return Err(RequestError::UnknownParameter { name: unknown, known: accepted.query.clone() }.into());
    }
    if accepted.body {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let json = extract::require_json(&parts.headers);
    let request = Request::from_parts(parts.clone(), body);
    let bytes = extract::read(request).await?;
    if !bytes.is_empty() {
        json?;
        let empty = serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value == serde_json::json!({}));
        if !empty {
            return Err(RequestError::UnexpectedBody.into());
        }
    }
    Ok(Request::from_parts(parts, Body::empty()))
}

fn parameters(uri: &Uri) -> ApiResult<Vec<String>> {
    let pairs =
        Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|e| RequestError::InvalidQuery(e.body_text()))?;
    Ok(pairs.0.into_iter().map(|(name, _)| name).collect())
}
