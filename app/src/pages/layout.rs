//! The layout of the pages that need a login: top bar, notices, content.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    components::{Outlet, Redirect},
    hooks::use_location,
};
use protocol::{Problem, ProblemKind, auth::Me};

use super::shortcuts::{Shortcuts, ShortcutsDialog};
use crate::{
    api,
    backend::OnNotFound,
    browser,
    components::{Fetch, Fetched, Glyph, Icon, Logo, Menu, MenuItem, ProblemPage, Show},
    state::{self, Account, Terminals, Toasts},
};

/// The layout. Without a login it redirects to the login page.
#[component]
pub(crate) fn Layout() -> impl IntoView {
    let location = use_location();
    let on_error = move |problem: Problem| {
        if problem.kind != ProblemKind::NotLoggedIn {
            return error_page_only(problem, "problem-page");
        }
        let search = location.search.get_untracked();
        let target = location.pathname.get_untracked() + if search.is_empty() { "" } else { "?" } + &search;
        let path = format!("/login?next={}", api::PercentEncoded(&target));
        view! { <Redirect path /> }.into_any()
    };
    with_session(|| view! { <Outlet /> }.into_any(), Box::new(on_error))
}

/// The 404 page. On the server it sets the status of the response.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    if let Some(OnNotFound(report)) = use_context() {
        report();
    }
    with_session(
        || view! { <ProblemPage problem=not_found() testid="not-found" /> }.into_any(),
        Box::new(|_| error_page_only(not_found(), "not-found")),
    )
}

fn not_found() -> Problem {
    Problem::new(ProblemKind::NotFound, "The address may be mistyped, or what it led to was deleted.")
}

/// Loads the signed-in account once for all pages below.
fn with_session(page: fn() -> AnyView, on_error: Box<dyn Fn(Problem) -> AnyView + Send + Sync>) -> AnyView {
    let fetch = Fetch::with_errors(api::me, move |me| match me {
        Ok(me) => view! { <SignedIn me page /> }.into_any(),
        Err(problem) => on_error(problem),
    });
    view! { <Fetched fetch placeholder=|| () /> }.into_any()
}

/// An error page without top bar.
fn error_page_only(problem: Problem, testid: &'static str) -> AnyView {
    view! {
        <div class="frame">
            <main class="frame-main" id="content">
                <ProblemPage problem testid />
            </main>
        </div>
    }
    .into_any()
}

#[component]
fn SignedIn(me: Me, page: fn() -> AnyView) -> impl IntoView {
    let account = Account::get();
    account.seed(me);
    let terminals = Terminals::get();
    Effect::new(move |_| state::follow_events(terminals));
    let help = RwSignal::new(false);
    let path = use_location().pathname;
    let in_terminal = Memo::new(move |_| path.with(|path| path.starts_with("/terminals/")));
    view! {
        <a class="skip" href="#content">
            "Skip to the content"
        </a>
        <div class="frame" class:frame-terminal=move || in_terminal.get()>
            <TopBar help />
            <Notices />
            <main class="frame-main" id="content" tabindex="-1">
                {page()}
            </main>
        </div>
        <Shortcuts help />
        <ShortcutsDialog open=help />
    }
    .into_any()
}

#[component]
fn TopBar(help: RwSignal<bool>) -> impl IntoView {
    let account = Account::get();
    let path = use_location().pathname;
    let current = move |start: &'static str| {
        let path = path.get();
        let inside = if start == "/" { path == "/" || path.starts_with("/terminals") } else { path.starts_with(start) };
        inside.then_some("page")
    };
    view! {
        <header class="topbar">
            <a class="brand" href="/" aria-label="Rexec, to the terminals">
                <Logo />
                <span>"Rexec"</span>
            </a>
            <nav class="topnav" aria-label="Main">
                <a href="/" aria-current=move || current("/") data-testid="nav-terminals">
                    "Terminals"
                </a>
                <Show when=move || account.is_admin()>
                    <a href="/admin/users" aria-current=move || current("/admin") data-testid="nav-admin">
                        "Administration"
                    </a>
                </Show>
            </nav>
            <div class="topbar-end">
                <ThemeButton />
                <button
                    r#type="button"
                    class="btn btn-icon btn-ghost wide-only"
                    aria-label="Keyboard shortcuts"
                    title="Keyboard shortcuts (?)"
                    on:click=move |_| help.set(true)
                    data-testid="shortcuts"
                >
                    <Icon glyph=Glyph::Keyboard />
                </button>
                <UserMenu />
            </div>
        </header>
    }
    .into_any()
}

#[component]
fn UserMenu() -> impl IntoView {
    let account = Account::get();
    let toasts = Toasts::get();
    let name = move || account.me().map(|me| me.username.to_string()).unwrap_or_default();
    let sign_out = move |()| {
        spawn_local(async move {
            match api::logout().await {
                Ok(_) => browser::load_page("/login"),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let button = move || {
        view! {
            <Icon glyph=Glyph::User />
            <span class="wide-only" data-testid="username">
                {name}
            </span>
            <Icon glyph=Glyph::ChevronDown />
        }
    };
    view! {
        <Menu label=format!("{}, your account", untrack(name)) class="btn btn-ghost" testid="user-menu" button>
            <a class="menu-item" role="menuitem" href="/account/security" data-testid="nav-account">
                <Icon glyph=Glyph::Shield />
                "Account and security"
            </a>
            <a class="menu-item" role="menuitem" href="/account/sessions">
                <Icon glyph=Glyph::Users />
                "Login sessions"
            </a>
            <a class="menu-item" role="menuitem" href="/account/audit">
                <Icon glyph=Glyph::Scroll />
                "Your activity"
            </a>
            <hr class="menu-line" />
            <MenuItem glyph=Glyph::Logout on_click=sign_out testid="logout">
                "Sign out"
            </MenuItem>
        </Menu>
    }
    .into_any()
}

/// Theme and contrast, stored in this browser.
#[component]
fn ThemeButton() -> impl IntoView {
    let choose = |name: &'static str, value: Option<&'static str>| {
        move |()| {
            browser::save_setting(name, value);
            if let Some(root) = browser::document().document_element() {
                browser::set_or_remove_attribute(&root, &format!("data-{name}"), value);
            }
        }
    };
    let button = || view! { <Icon glyph=Glyph::Contrast /> };
    view! {
        <Menu label="Appearance" testid="theme-menu" button>
            <MenuItem
                glyph=Glyph::Contrast
                class="menu-item is-system"
                on_click=choose("theme", None)
                testid="theme-system"
            >
                "As the system"
            </MenuItem>
            <MenuItem
                glyph=Glyph::Moon
                class="menu-item is-dark"
                on_click=choose("theme", Some("dark"))
                testid="theme-dark"
            >
                "Dark"
            </MenuItem>
            <MenuItem
                glyph=Glyph::Sun
                class="menu-item is-light"
                on_click=choose("theme", Some("light"))
                testid="theme-light"
            >
                "Light"
            </MenuItem>
            <hr class="menu-line" />
            <MenuItem class="menu-item is-normal" on_click=choose("contrast", None)>
                "Normal contrast"
            </MenuItem>
            <MenuItem class="menu-item is-more" on_click=choose("contrast", Some("more"))>
                "High contrast"
            </MenuItem>
        </Menu>
    }
    .into_any()
}

/// Notices to the user about mandatory MFA, a reset factor, or few recovery codes.
#[component]
fn Notices() -> impl IntoView {
    let account = Account::get();
    let toasts = Toasts::get();
    // One line only, because of the terminal below.
    let newest = move || {
        let notices = account.me().map(|me| me.notices).unwrap_or_default();
        Some((notices.first()?.clone(), notices.len() - 1))
    };
    let dismiss = move |_| {
        spawn_local(async move {
            match api::dismiss_notices().await {
                Ok(_) => account.refresh(),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let must_enrol = move || account.me().is_some_and(|me| me.mfa_must_enrol);
    view! {
        <Show when=must_enrol>
            <div class="banner banner-warning" role="status" data-testid="must-enrol">
                <Icon glyph=Glyph::Shield />
                <p>"This organisation asks every account for MFA. Enable it to use terminals."</p>
                <a class="btn btn-small" href="/account/security">
                    "Set it up"
                </a>
            </div>
        </Show>
        {move || {
            newest()
                .map(|(text, more)| {
                    view! {
                        <div class="banner notices" role="status" data-testid="notice">
                            <Icon glyph=Glyph::Shield />
                            <p>
                                {text}
                                {(more > 0)
                                    .then(|| {
                                        view! {
                                            " "
                                            <a href="/account/audit">{format!("And {more} more.")}</a>
                                        }
                                    })}
                            </p>
                            <button
                                r#type="button"
                                class="btn btn-icon btn-ghost btn-small"
                                aria-label="Dismiss"
                                on:click=dismiss
                                data-testid="notice-dismiss"
                            >
                                <Icon glyph=Glyph::Close />
                            </button>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}
