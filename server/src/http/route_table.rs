//! The route table: every REST route, and who may use it. A test compares it with what is mounted and documented, and
//! tries every kind of caller on every row.

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Everyone.
    Nothing,
    /// A pending login only.
    Pending,
    /// A full login.
    Login,
    /// A full login that owns the terminal in the path.
    OwnTerminal,
    /// A full login that owns the terminal and has access to its content: it is unlocked, or there is a grant.
    TerminalBytes,
    /// A full login with the administrator's role.
    Admin,
}

/// One row of the route table.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Upper-case method.
    pub method: &'static str,
    /// Path with `{id}`-like parameters.
    pub path: &'static str,
    /// Who may use it.
    pub requirement: Requirement,
}

const fn row(method: &'static str, path: &'static str, requirement: Requirement) -> Route {
    Route { method, path, requirement }
}

/// Every REST route there is. A route that is mounted and not in here, or the other way round, fails a test.
pub const ROUTES: &[Route] = &[
    row("GET", "/healthz", Requirement::Nothing),
    row("GET", "/readyz", Requirement::Nothing),
    row("GET", "/api/openapi.json", Requirement::Nothing),
    row("GET", "/api/images", Requirement::Login),
    row("GET", "/api/tiers", Requirement::Login),
    row("GET", "/api/terminals", Requirement::Login),
    row("POST", "/api/terminals", Requirement::Login),
    row("GET", "/api/terminals/{id}", Requirement::OwnTerminal),
    row("PATCH", "/api/terminals/{id}", Requirement::OwnTerminal),
    row("DELETE", "/api/terminals/{id}", Requirement::OwnTerminal),
    row("POST", "/api/terminals/{id}/start", Requirement::OwnTerminal),
    row("POST", "/api/terminals/{id}/stop", Requirement::OwnTerminal),
    row("POST", "/api/terminals/{id}/restart", Requirement::OwnTerminal),
    row("GET", "/api/terminals/{id}/security", Requirement::OwnTerminal),
    row("GET", "/api/terminals/{id}/stats", Requirement::OwnTerminal),
    row("GET", "/api/terminals/{id}/attach", Requirement::TerminalBytes),
    row("GET", "/api/events", Requirement::Login),
    row("GET", "/api/setup", Requirement::Nothing),
    row("POST", "/api/setup", Requirement::Nothing),
    row("POST", "/api/invite", Requirement::Nothing),
    row("POST", "/api/invite/status", Requirement::Nothing),
    row("POST", "/api/auth/login", Requirement::Nothing),
    row("POST", "/api/auth/login/mfa", Requirement::Pending),
    row("POST", "/api/auth/logout", Requirement::Nothing),
    row("GET", "/api/me", Requirement::Login),
    row("POST", "/api/account/password", Requirement::Login),
    row("POST", "/api/account/mfa/enrol", Requirement::Login),
    row("POST", "/api/account/mfa/confirm", Requirement::Login),
    row("POST", "/api/account/mfa/disable", Requirement::Login),
    row("POST", "/api/account/mfa/recovery-codes", Requirement::Login),
    row("GET", "/api/account/sessions", Requirement::Login),
    row("DELETE", "/api/account/sessions/{id}", Requirement::Login),
    row("POST", "/api/account/sessions/revoke-others", Requirement::Login),
    row("DELETE", "/api/account/notices", Requirement::Login),
    row("GET", "/api/account/audit", Requirement::Login),
    row("GET", "/api/security/terminal/{id}/mfa-status", Requirement::OwnTerminal),
    row("POST", "/api/security/terminal/{id}/mfa-lock", Requirement::OwnTerminal),
    row("POST", "/api/security/terminal/{id}/mfa-unlock", Requirement::OwnTerminal),
    row("POST", "/api/security/terminal/{id}/mfa-verify", Requirement::OwnTerminal),
    row("GET", "/api/admin/users", Requirement::Admin),
    row("PATCH", "/api/admin/users/{id}", Requirement::Admin),
    row("POST", "/api/admin/users/{id}/reset-mfa", Requirement::Admin),
    row("POST", "/api/admin/users/{id}/reset-link", Requirement::Admin),
    row("POST", "/api/admin/users/invite", Requirement::Admin),
    row("GET", "/api/admin/invites", Requirement::Admin),
    row("DELETE", "/api/admin/invites/{id}", Requirement::Admin),
    row("GET", "/api/admin/terminals", Requirement::Admin),
    row("POST", "/api/admin/terminals/{id}/stop", Requirement::Admin),
    row("DELETE", "/api/admin/terminals/{id}", Requirement::Admin),
    row("GET", "/api/admin/settings", Requirement::Admin),
    row("PUT", "/api/admin/settings", Requirement::Admin),
    row("GET", "/api/admin/images", Requirement::Admin),
    row("PUT", "/api/admin/images/{name}", Requirement::Admin),
    row("GET", "/api/admin/tiers", Requirement::Admin),
    row("PUT", "/api/admin/tiers/{name}", Requirement::Admin),
    row("GET", "/api/admin/audit", Requirement::Admin),
    row("GET", "/api/admin/audit/export", Requirement::Admin),
    row("GET", "/api/admin/audit/verify", Requirement::Admin),
    row("GET", "/api/admin/system", Requirement::Admin),
];
