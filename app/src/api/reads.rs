//! The `GET` routes. Each row of `reads!` generates a function that returns a [`Read`] of its route.

use std::{future::IntoFuture, marker::PhantomData};

use protocol::{
    Page, Problem, TerminalId,
    admin::{AdminImage, AdminTerminal, AuditVerdict, AuditView, InviteView, Settings, System, UserView},
    auth::{Me, SessionView, SetupStatus},
    security::SecurityReport,
    terminals::{Image, Stats, Terminal, Tier},
};
use serde::de::DeserializeOwned;

use super::{
    query::{After, AuditQuery},
    transport,
};
use crate::backend::ResponseFuture;

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
    pub fn text(self) -> ResponseFuture<String> {
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
    type IntoFuture = ResponseFuture<T>;

    fn into_future(self) -> ResponseFuture<T> {
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

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use std::{
        future::ready,
        sync::Arc,
        task::{Context, Poll, Waker},
    };

    use leptos::prelude::{Owner, provide_context};
    use protocol::ProblemKind;

    use super::*;
    use crate::backend::Backend;

    /// Responds with `{"needed":true}` to `/api/setup` and with the path to everything else.
    struct Routes;

    impl Backend for Routes {
        fn get(&self, path: String) -> ResponseFuture<String> {
            Box::pin(ready(Ok(if path == "/api/setup" { r#"{"needed":true}"#.to_owned() } else { path })))
        }
    }

    fn with_backend<T>(read: impl FnOnce() -> ResponseFuture<T>) -> Result<T, Problem> {
        let answer = Owner::new().with(|| {
            provide_context::<Arc<dyn Backend>>(Arc::new(Routes));
            read()
        });
        resolved(answer)
    }

    fn resolved<T>(mut answer: ResponseFuture<T>) -> Result<T, Problem> {
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("the backend of the test responds at once"),
        }
    }

    #[test]
    fn a_read_decodes_the_response_of_its_route() {
        assert!(with_backend(|| setup_status().into_future()).unwrap().needed);
    }

    #[test]
    fn the_text_of_a_read_is_the_response_unchanged() {
        let query = AuditQuery { actor: "ada".into(), ..Default::default() };
        assert_eq!(with_backend(|| admin_audit(query).text()).unwrap(), "/api/admin/audit?actor=ada");
    }

    #[test]
    fn a_response_of_another_version_is_a_problem() {
        assert_eq!(with_backend(|| me().into_future()).unwrap_err().kind, ProblemKind::Internal);
    }

    #[test]
    fn without_a_backend_a_read_is_unavailable() {
        assert_eq!(resolved(Owner::new().with(|| me().text())).unwrap_err().kind, ProblemKind::Unavailable);
    }
}
