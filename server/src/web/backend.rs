//! What pages read while they are rendered: the REST routes themselves, asked inside the process with the request's own
//! cookies. One door, one set of guards; a page can never see more than the same caller could fetch.

use std::sync::Arc;

use app::backend::{After, Answer, AuditQuery, Backend};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Extensions, HeaderMap, HeaderValue, Request, header},
};
use protocol::{
    Page, Problem, ProblemKind, TerminalId,
    admin::{AdminImage, AdminTerminal, AuditView, InviteView, Settings, System, UserView},
    auth::{Me, SessionView, SetupStatus},
    terminals::{Terminal, Tier},
};
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

/// Answers of our own routes are bounded by page sizes; this is far above them.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The REST routes as one caller sees them.
#[derive(Debug, Clone)]
pub struct OwnRoutes {
    router: Router,
    headers: HeaderMap,
    extensions: Extensions,
}

impl OwnRoutes {
    /// For the caller of this page request: its cookies, its address, and nothing else of it.
    pub fn of(router: Router, headers: &HeaderMap, extensions: &Extensions) -> Arc<dyn Backend> {
        let carried = [header::COOKIE, header::USER_AGENT, header::HeaderName::from_static("x-forwarded-for")];
        let pick = |name| Some((header::HeaderName::clone(&name), headers.get(&name)?.clone()));
        let headers = carried.into_iter().filter_map(pick).collect::<HeaderMap<HeaderValue>>();
        Arc::new(Self { router, headers, extensions: extensions.clone() })
    }

    fn get<T: DeserializeOwned + Send + 'static>(&self, path: String) -> Answer<T> {
        let Self { router, headers, extensions } = self.clone();
        Box::pin(async move {
            let mut request = Request::builder().uri(path).body(Body::empty()).map_err(|e| ours(&e))?;
            *request.headers_mut() = headers;
            *request.extensions_mut() = extensions;
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            let good = response.status().is_success();
            let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.map_err(|e| ours(&e))?;
            if good {
                serde_json::from_slice(&bytes).map_err(|e| ours(&e))
            } else {
                Err(serde_json::from_slice(&bytes).unwrap_or_else(|e| ours(&e)))
            }
        })
    }
}

fn ours(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "a page could not read one of our own routes");
    Problem::new(ProblemKind::Internal, "This is our mistake. Reload the page; if it stays, tell your administrator.")
}

impl Backend for OwnRoutes {
    fn setup_status(&self) -> Answer<SetupStatus> {
        self.get("/api/setup".into())
    }
    fn me(&self) -> Answer<Me> {
        self.get("/api/me".into())
    }
    fn terminals(&self, after: After) -> Answer<Page<Terminal>> {
        self.get(format!("/api/terminals{after}"))
    }
    fn terminal(&self, id: TerminalId) -> Answer<Terminal> {
        self.get(format!("/api/terminals/{id}"))
    }
    fn sessions(&self) -> Answer<Page<SessionView>> {
        self.get("/api/account/sessions".into())
    }
    fn account_audit(&self, after: After) -> Answer<Page<AuditView>> {
        self.get(format!("/api/account/audit{after}"))
    }
    fn admin_users(&self, after: After) -> Answer<Page<UserView>> {
        self.get(format!("/api/admin/users{after}"))
    }
    fn admin_invites(&self) -> Answer<Page<InviteView>> {
        self.get("/api/admin/invites".into())
    }
    fn admin_terminals(&self, after: After) -> Answer<Page<AdminTerminal>> {
        self.get(format!("/api/admin/terminals{after}"))
    }
    fn admin_images(&self) -> Answer<Page<AdminImage>> {
        self.get("/api/admin/images".into())
    }
    fn admin_tiers(&self) -> Answer<Page<Tier>> {
        self.get("/api/admin/tiers".into())
    }
    fn admin_settings(&self) -> Answer<Settings> {
        self.get("/api/admin/settings".into())
    }
    fn admin_audit(&self, query: AuditQuery) -> Answer<Page<AuditView>> {
        self.get(format!("/api/admin/audit{query}"))
    }
    fn admin_system(&self) -> Answer<System> {
        self.get("/api/admin/system".into())
    }
}
