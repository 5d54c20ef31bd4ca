//! The OpenAPI 3.1 document: generated from the handlers and completed from the route table. What can be derived
//! (operation ids, security, common responses) is added here for all operations.

use protocol::ProblemKind;
use utoipa::{
    Modify,
    openapi::{
        Content, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    authn::{COOKIE, PENDING_COOKIE},
    route_table::{ROUTES, Requirement, Route},
};

/// Completes the generated document.
pub struct RouteTable;

impl Modify for RouteTable {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components
            .add_security_scheme("login", cookie(COOKIE, "A full login. The cookie is replaced at each step-up."));
        let pending = "A login whose password was right and whose code is missing.";
        components.add_security_scheme("pending", cookie(PENDING_COOKIE, pending));
        for route in ROUTES {
            let item = document.paths.paths.get_mut(route.path);
            if let Some(operation) = item.and_then(|item| operation_of(item, route.method)) {
                operation.operation_id = Some(operation_id(route.method, route.path));
                operation.security = Some(security(route.requirement));
                add_common_responses(operation, route);
                add_descriptions(operation);
            }
        }
    }
}

fn cookie(name: &str, description: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, description)))
}

fn operation_of<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    let operation = match method {
        "GET" => &mut item.get,
        "PUT" => &mut item.put,
        "POST" => &mut item.post,
        "PATCH" => &mut item.patch,
        "DELETE" => &mut item.delete,
        _ => return None,
    };
    operation.as_mut()
}

fn security(requirement: Requirement) -> Vec<SecurityRequirement> {
    let scheme = match requirement {
        Requirement::Nothing => return Vec::new(),
        Requirement::Pending => "pending",
        Requirement::Login | Requirement::OwnTerminal | Requirement::TerminalBytes | Requirement::Admin => "login",
    };
    vec![SecurityRequirement::new(scheme, Vec::<String>::new())]
}

/// Adds the responses that follow from the requirements and the input of a route. Handlers document the others.
fn add_common_responses(operation: &mut Operation, route: &Route) {
    let (takes_body, changes) = (operation.request_body.is_some(), route.method != "GET");
    let about_one = route.path.contains("{id}");
    let login = !matches!(route.requirement, Requirement::Nothing);
    let rules: [(bool, &[u16]); 7] = [
        (route.path != "/healthz", &[503]),
        (route.path.starts_with("/api/"), &[400, 500]),
        (takes_body || changes, &[403, 408, 413, 415]),
        (login, &[401]),
        (login && changes, &[429]),
        (route.requirement == Requirement::Admin, &[403]),
        (about_one, &[404]),
    ];
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let problem: RefOr<Response> = ResponseBuilder::new().content("application/problem+json", content).build().into();
    for (_, statuses) in rules.iter().filter(|(holds, _)| *holds) {
        for status in *statuses {
            operation.responses.responses.entry(status.to_string()).or_insert_with(|| problem.clone());
        }
    }
}

/// Method and path: `GET /api/terminals/{id}` is `get_terminals_id`. Unique and stable.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty() && *word != "api");
    [method.to_lowercase().as_str()].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

/// Adds missing descriptions of responses: the titles of the problems, or the summary of the operation.
fn add_descriptions(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if !response.description.is_empty() {
            continue;
        }
        let titles = ProblemKind::ALL.iter().filter(|kind| kind.status().to_string() == *status);
        let titles: Vec<_> = titles.map(|kind| kind.title()).collect();
        response.description =
            if titles.is_empty() { operation.summary.clone().unwrap_or_default() } else { titles.join(", or: ") };
    }
}
