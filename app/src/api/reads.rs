//! Read routes: one row makes one function, which returns a [`Read`] of the route.

use std::{future::IntoFuture, marker::PhantomData};

use protocol::{
    Page, Problem, TerminalId,
    admin::{AdminImage, AdminTerminal, AuditVerdict, AuditView, InviteView, Settings, System, UserView},
    auth::{InviteStatus, Me, SessionView, SetupStatus},
    security::SecurityReport,
    terminals::{Image, Stats, Terminal, Tier},
};
use serde::de::DeserializeOwned;

use super::{
    query::{After, AuditQuery, Encoded},
    transport,
};
use crate::backend::Answer;

/// A read of one REST route that answers with `T`. Nothing is sent until it is awaited or [`Read::text`] is called.
pub struct Read<T> {
    path: String,
    output: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> Read<T> {
    const fn new(path: String) -> Self {
        Self { path, output: PhantomData }
    }

    /// The JSON text of the response body: from the `Backend` in the context while rendering on the server, from the
    /// REST route in the browser. The text stays undecoded so that the first HTML can carry it to the browser as it is.
    ///
    /// Call it where the reactive context is available; the future itself does not need it.
    pub fn text(self) -> Answer<String> {
        transport::get(self.path)
    }

    /// Decodes the text that [`Self::text`] resolved to.
    ///
    /// # Errors
    /// The text is not a `T`: page and server have different versions.
    pub(crate) fn decode(text: &str) -> Result<T, Problem> {
        transport::decode(text)
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Read<T> {
    type Output = Result<T, Problem>;
    type IntoFuture = Answer<T>;

    fn into_future(self) -> Answer<T> {
        let text = self.text();
        Box::pin(async move { Self::decode(&text.await?) })
    }
}

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty = $path:literal;)*) => {
        $(
            $(#[$doc])*
            #[allow(clippy::useless_format)]
            pub fn $name($($arg: $ty),*) -> Read<$out> {
                Read::new(format!($path))
            }
        )*
    };
}

reads! {
    /// `GET /api/setup`.
    setup_status() -> SetupStatus = "/api/setup";
    /// `GET /api/me`.
    me() -> Me = "/api/me";
    /// `GET /api/terminals`.
    terminals(after: After) -> Page<Terminal> = "/api/terminals{after}";
    /// `GET /api/terminals/{id}`.
    terminal(id: TerminalId) -> Terminal = "/api/terminals/{id}";
    /// `GET /api/terminals/{id}/stats`.
    stats(id: TerminalId) -> Stats = "/api/terminals/{id}/stats";
    /// `GET /api/terminals/{id}/security`.
    security(id: TerminalId) -> SecurityReport = "/api/terminals/{id}/security";
    /// `GET /api/images`.
    images() -> Page<Image> = "/api/images";
    /// `GET /api/tiers`.
    tiers() -> Page<Tier> = "/api/tiers";
    /// `GET /api/account/sessions`.
    sessions() -> Page<SessionView> = "/api/account/sessions";
    /// `GET /api/account/audit`.
    account_audit(query: AuditQuery) -> Page<AuditView> = "/api/account/audit{query}";
    /// `GET /api/admin/users`.
    admin_users(after: After) -> Page<UserView> = "/api/admin/users{after}";
    /// `GET /api/admin/invites`.
    admin_invites() -> Page<InviteView> = "/api/admin/invites";
    /// `GET /api/admin/terminals`.
    admin_terminals(after: After) -> Page<AdminTerminal> = "/api/admin/terminals{after}";
    /// `GET /api/admin/images`.
    admin_images() -> Page<AdminImage> = "/api/admin/images";
    /// `GET /api/admin/tiers`.
    admin_tiers() -> Page<Tier> = "/api/admin/tiers";
    /// `GET /api/admin/settings`.
    admin_settings() -> Settings = "/api/admin/settings";
    /// `GET /api/admin/audit`.
    admin_audit(query: AuditQuery) -> Page<AuditView> = "/api/admin/audit{query}";
    /// `GET /api/admin/audit/verify`.
    verify_audit() -> AuditVerdict = "/api/admin/audit/verify";
    /// `GET /api/admin/system`.
    admin_system() -> System = "/api/admin/system";
}

/// `GET /api/invite?token=`: what a one-time link is for.
pub fn invite_status(token: &str) -> Read<InviteStatus> {
    Read::new(format!("/api/invite?token={}", Encoded(token)))
}
