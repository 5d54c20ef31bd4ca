//! The map of the product: which address shows which page. A page that needs a login stands below [`Frame`].

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    components::ToastStack,
    pages::{Account, Admin, Dashboard, Frame, Home, Invite, Login, NotFound, Setup, TerminalPage},
    state,
};

/// The whole page below `<body>`. Every route is rendered whole before it is sent: the first HTML holds the real data.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    state::provide();
    view! {
        <Title formatter=in_tab/>
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/setup") view=Setup ssr=SsrMode::Async/>
                <Route path=path!("/login") view=Login ssr=SsrMode::Async/>
                <Route path=path!("/invite") view=Invite ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=Dashboard ssr=SsrMode::Async/>
                    <Route path=path!("/terminals") view=Home ssr=SsrMode::Async/>
                    <Route path=path!("/terminals/:id") view=TerminalPage ssr=SsrMode::Async/>
                    <Route path=path!("/account/:section?") view=Account ssr=SsrMode::Async/>
                    <Route path=path!("/admin/:section?") view=Admin ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
        <ToastStack/>
    }
    .into_any()
}

/// The title as the tab shows it. The server writes it into the page as it is, so there markup in it becomes text; the browser
/// sets it as text anyway.
fn in_tab(title: String) -> String {
    let whole = if title.is_empty() { "Rexec".to_owned() } else { format!("{title} · Rexec") };
    if cfg!(feature = "ssr") { whole.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") } else { whole }
}
