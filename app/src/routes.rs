//! Which address shows which page. Pages that need a login are children of [`Layout`].

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    components::ToastStack,
    pages::{
        AccountPage, AdminPage, DashboardPage, InvitePage, Layout, LoginPage, NotFoundPage, SetupPage, TerminalPage,
        TerminalsRedirect,
    },
    state,
};

/// The content of `<body>`. Each route is rendered completely before it is sent, so that the first HTML contains the
/// data.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    state::provide();
    view! {
        <Title formatter=tab_title />
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/setup") view=SetupPage ssr=SsrMode::Async />
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/invite") view=InvitePage ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Layout ssr=SsrMode::Async>
                    <Route path=path!("/") view=DashboardPage ssr=SsrMode::Async />
                    <Route path=path!("/terminals") view=TerminalsRedirect ssr=SsrMode::Async />
                    <Route path=path!("/terminals/:id") view=TerminalPage ssr=SsrMode::Async />
                    <Route path=path!("/account/:section?") view=AccountPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/:section?") view=AdminPage ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
        <ToastStack />
    }
    .into_any()
}

/// The document title. The server inserts it into the HTML unescaped, so it is escaped here; the browser sets it as
/// text.
fn tab_title(title: String) -> String {
    let whole = if title.is_empty() { "Rexec".to_owned() } else { format!("{title} · Rexec") };
    if cfg!(feature = "ssr") { whole.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") } else { whole }
}
