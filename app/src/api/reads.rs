//! Every route a page shows in its first HTML: one row makes the method of [`Backend`] and the function pages call.
//!
//! In the browser the function asks the REST route; on the server it asks the [`Backend`] in the context. It refuses
//! to know who is asking: the server puts a `Backend` of the signed-in caller there, per request.

use std::{future::Future, pin::Pin};

use protocol::{
    Page, Problem, TerminalId,
    admin::{AdminImage, AdminTerminal, AuditView, InviteView, Settings, System, UserView},
    auth::{Me, SessionView, SetupStatus},
    terminals::{Terminal, Tier},
};

use super::query::{After, AuditQuery};

/// What every read answers.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// The same as the JSON text that travelled.
pub(crate) type TextAnswer = Answer<String>;

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty = $path:literal;)*) => {
        /// The port the server fills while rendering, as `Arc<dyn Backend>` in the context. Reads only, each for the
        /// caller of the request, with the answers and refusals of the REST route named at the method.
        pub trait Backend: Send + Sync {
            $($(#[$doc])* fn $name(&self, $($arg: $ty),*) -> Answer<$out>;)*
        }

        $(
            $(#[$doc])*
            #[cfg_attr(not(feature = "ssr"), allow(clippy::useless_format))]
            pub fn $name($($arg: $ty),*) -> Answer<$out> {
                #[cfg(feature = "ssr")]
                return match backend() {
                    Ok(backend) => backend.$name($($arg),*),
                    Err(problem) => Box::pin(std::future::ready(Err(problem))),
                };
                // The browser has one thread; the wrapper only satisfies the bound the server needs.
                #[cfg(not(feature = "ssr"))]
                return Box::pin(send_wrapper::SendWrapper::new(super::transport::get(format!($path))));
            }
        )*

        /// The reads again, answering with the text: what pages hand from the first HTML to the browser.
        pub(crate) mod text {
            use super::*;
            $(
                $(#[$doc])*
                #[cfg_attr(not(feature = "ssr"), allow(clippy::useless_format))]
                pub(crate) fn $name($($arg: $ty),*) -> TextAnswer {
                    #[cfg(feature = "ssr")]
                    return {
                        let answer = super::$name($($arg),*);
                        Box::pin(async move { Ok(serde_json::to_string(&answer.await?).unwrap_or_default()) })
                    };
                    #[cfg(not(feature = "ssr"))]
                    return Box::pin(send_wrapper::SendWrapper::new(crate::api::transport::get_text(format!($path))));
                }
            )*
        }
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
    /// `GET /api/admin/system`.
    admin_system() -> System = "/api/admin/system";
}

#[cfg(feature = "ssr")]
fn backend() -> Result<std::sync::Arc<dyn Backend>, Problem> {
    leptos::prelude::use_context::<std::sync::Arc<dyn Backend>>().ok_or_else(|| {
        Problem::new(protocol::ProblemKind::Unavailable, "The server is not ready to answer yet. Reload in a moment.")
    })
}
