//! The route table: every REST route, and who may use it. A test compares it with what is mounted and documented, and
//! tries every kind of caller on every row.

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
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
    pub needs: Needs,
}

const fn row(method: &'static str, path: &'static str, needs: Needs) -> Route {
    Route { method, path, needs }
}

/// Every REST route there is. A route that is mounted and not in here, or the other way round, fails a test.
pub const ROUTES: &[Route] = &[
    row("GET", "/healthz", Needs::Nothing),
    row("GET", "/readyz", Needs::Nothing),
    row("GET", "/api/openapi.json", Needs::Nothing),
    row("GET", "/api/images", Needs::Login),
    row("GET", "/api/tiers", Needs::Login),
    row("GET", "/api/terminals", Needs::Login),
    row("POST", "/api/terminals", Needs::Login),
    row("GET", "/api/terminals/{id}", Needs::OwnTerminal),
    row("PATCH", "/api/terminals/{id}", Needs::OwnTerminal),
    row("DELETE", "/api/terminals/{id}", Needs::OwnTerminal),
    row("POST", "/api/terminals/{id}/start", Needs::OwnTerminal),
    row("POST", "/api/terminals/{id}/stop", Needs::OwnTerminal),
    row("POST", "/api/terminals/{id}/restart", Needs::OwnTerminal),
    row("GET", "/api/terminals/{id}/security", Needs::OwnTerminal),
    row("GET", "/api/terminals/{id}/stats", Needs::OwnTerminal),
    row("GET", "/api/terminals/{id}/attach", Needs::TerminalBytes),
    row("GET", "/api/events", Needs::Login),
    row("GET", "/api/setup", Needs::Nothing),
    row("POST", "/api/setup", Needs::Nothing),
    row("POST", "/api/invite", Needs::Nothing),
    row("POST", "/api/invite/status", Needs::Nothing),
    row("POST", "/api/auth/login", Needs::Nothing),
    row("POST", "/api/auth/login/mfa", Needs::Pending),
    row("POST", "/api/auth/logout", Needs::Nothing),
    row("GET", "/api/me", Needs::Login),
    row("POST", "/api/account/password", Needs::Login),
    row("POST", "/api/account/mfa/enrol", Needs::Login),
    row("POST", "/api/account/mfa/confirm", Needs::Login),
    row("POST", "/api/account/mfa/disable", Needs::Login),
    row("POST", "/api/account/mfa/recovery-codes", Needs::Login),
    row("GET", "/api/account/sessions", Needs::Login),
    row("DELETE", "/api/account/sessions/{id}", Needs::Login),
    row("POST", "/api/account/sessions/revoke-others", Needs::Login),
    row("DELETE", "/api/account/notices", Needs::Login),
    row("GET", "/api/account/audit", Needs::Login),
    row("GET", "/api/security/terminal/{id}/mfa-status", Needs::OwnTerminal),
    row("POST", "/api/security/terminal/{id}/mfa-lock", Needs::OwnTerminal),
    row("POST", "/api/security/terminal/{id}/mfa-unlock", Needs::OwnTerminal),
    row("POST", "/api/security/terminal/{id}/mfa-verify", Needs::OwnTerminal),
    row("GET", "/api/admin/users", Needs::Admin),
    row("PATCH", "/api/admin/users/{id}", Needs::Admin),
    row("POST", "/api/admin/users/{id}/reset-mfa", Needs::Admin),
    row("POST", "/api/admin/users/{id}/reset-link", Needs::Admin),
    row("POST", "/api/admin/users/invite", Needs::Admin),
    row("GET", "/api/admin/invites", Needs::Admin),
    row("DELETE", "/api/admin/invites/{id}", Needs::Admin),
    row("GET", "/api/admin/terminals", Needs::Admin),
    row("POST", "/api/admin/terminals/{id}/stop", Needs::Admin),
    row("DELETE", "/api/admin/terminals/{id}", Needs::Admin),
    row("GET", "/api/admin/settings", Needs::Admin),
    row("PUT", "/api/admin/settings", Needs::Admin),
    row("GET", "/api/admin/images", Needs::Admin),
    row("PUT", "/api/admin/images/{name}", Needs::Admin),
    row("GET", "/api/admin/tiers", Needs::Admin),
    row("PUT", "/api/admin/tiers/{name}", Needs::Admin),
    row("GET", "/api/admin/audit", Needs::Admin),
    row("GET", "/api/admin/audit/export", Needs::Admin),
    row("GET", "/api/admin/audit/verify", Needs::Admin),
    row("GET", "/api/admin/system", Needs::Admin),
];
