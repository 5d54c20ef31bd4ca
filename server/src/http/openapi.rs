//! The OpenAPI 3.1 document: generated from the handlers and completed from the route table. What can be derived
//! (operation ids, security, common responses) is added here for all operations.

use protocol::ProblemKind;
use serde_json::{Map, Value, json};

use super::{
    authn::{COOKIE, PENDING_COOKIE},
    route_table::{Needs, ROUTES, Route},
};

/// Completes the generated document.
pub fn complete(generated: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(generated).unwrap_or_default();
    document["components"]["securitySchemes"] = json!({
        "login": {"type": "apiKey", "in": "cookie", "name": COOKIE,
            "description": "A full login. The cookie is replaced at each step-up."},
        "pending": {"type": "apiKey", "in": "cookie", "name": PENDING_COOKIE,
            "description": "A login whose password was right and whose code is missing."},
    });
    for route in ROUTES {
        let method = route.method.to_lowercase();
        if let Some(operation) = document["paths"].get_mut(route.path).and_then(|item| item.get_mut(&method)) {
            operation["operationId"] = json!(operation_id(&method, route.path));
            operation["security"] = match route.needs {
                Needs::Nothing => json!([]),
                Needs::Pending => json!([{"pending": []}]),
                Needs::Login | Needs::OwnTerminal | Needs::TerminalBytes | Needs::Admin => json!([{"login": []}]),
            };
            add_common_responses(operation, route);
            add_descriptions(operation);
        }
    }
    document
}

/// Adds the responses that follow from the requirements and the input of a route. Handlers document the others.
fn add_common_responses(operation: &mut Value, route: &Route) {
    let (takes_body, changes) = (operation["requestBody"].is_object(), route.method != "GET");
    let about_one = route.path.contains("{id}");
    let login = !matches!(route.needs, Needs::Nothing);
    let rules: [(bool, &[u16]); 6] = [
        (route.path != "/healthz", &[503]),
        (route.path.starts_with("/api/"), &[400, 500]),
        (takes_body || changes, &[403, 408, 413, 415]),
        (login, &[401]),
        (route.needs == Needs::Admin, &[403]),
        (about_one, &[404]),
    ];
    let problem =
        json!({"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (_, statuses) in rules.iter().filter(|(holds, _)| *holds) {
        for status in *statuses {
            responses.entry(status.to_string()).or_insert_with(|| problem.clone());
        }
    }
}

/// Method and path: `GET /api/terminals/{id}` is `get_terminals_id`. Unique and stable.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty() && *word != "api");
    [method].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

/// Adds missing descriptions of responses: the titles of the problems, or the summary of the operation.
fn add_descriptions(operation: &mut Value) {
    let summary = operation["summary"].clone();
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        let Some(answer) = answer.as_object_mut().filter(|a| lacks_description(a)) else { continue };
        let titles: Vec<_> = ProblemKind::ALL.iter().filter(|kind| kind.status().to_string() == *status).collect();
        let titles: Vec<_> = titles.into_iter().map(|kind| kind.title()).collect();
        let text = if titles.is_empty() { summary.clone() } else { json!(titles.join(", or: ")) };
        answer.insert("description".into(), text);
    }
}

fn lacks_description(answer: &Map<String, Value>) -> bool {
    answer.get("description").and_then(Value::as_str).is_none_or(str::is_empty)
}
