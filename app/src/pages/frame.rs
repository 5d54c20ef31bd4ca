//! The frame around every page behind the login: who is signed in, where one can go.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    components::{Outlet, Redirect},
    hooks::use_location,
};
use protocol::{Problem, ProblemKind, auth::Me};

use super::shortcuts::{Shortcuts, ShortcutsHelp};
use crate::{
    api,
    backend::OnNotFound,
    browser,
    components::{Fetched, Glyph, Icon, Logo, Menu, ProblemPage, When, ask_once, shown_either},
    state::{self, Account, Terminals, Toasts},
};

/// The pages behind the login; anonymous people are sent to the login page.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    let here = use_location();
    let refused = move |problem: Problem| {
        if problem.kind != ProblemKind::NotLoggedIn {
            return alone(problem, "problem-page");
        }
        let search = here.search.get_untracked();
        let wanted = here.pathname.get_untracked() + if search.is_empty() { "" } else { "?" } + &search;
        let path = format!("/login?next={}", api::Encoded(&wanted));
        view! { <Redirect path/> }.into_any()
    };
    framed(|| view! { <Outlet/> }.into_any(), Box::new(refused))
}

/// 404, in the frame for whoever is signed in; the server answers with that status, because this page tells it.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    if let Some(OnNotFound(tell)) = use_context() {
        tell();
    }
    framed(
        || view! { <ProblemPage problem=nothing() testid="not-found"/> }.into_any(),
        Box::new(|_| alone(nothing(), "not-found")),
    )
}

fn nothing() -> Problem {
    Problem::new(ProblemKind::NotFound, "The address may be mistyped, or what it led to was deleted.")
}

/// Asks who is signed in once.
fn framed(page: fn() -> AnyView, refused: Box<dyn Fn(Problem) -> AnyView + Send + Sync>) -> AnyView {
    let show = shown_either(move |me| match me {
        Ok(me) => view! { <Inside me page/> }.into_any(),
        Err(problem) => refused(problem),
    });
    view! { <Fetched of=ask_once(api::text::me) show waiting=|| ()/> }.into_any()
}

/// A refusal with nothing around it.
fn alone(problem: Problem, testid: &'static str) -> AnyView {
    view! { <div class="frame"><main class="frame-main" id="content"><ProblemPage problem testid/></main></div> }
        .into_any()
}

#[component]
fn Inside(me: Me, page: fn() -> AnyView) -> impl IntoView {
    let account = Account::get();
    account.seed(me);
    let terminals = Terminals::get();
    Effect::new(move |_| state::listen(terminals));
    let help = RwSignal::new(false);
    let path = use_location().pathname;
    let in_terminal = Memo::new(move |_| path.with(|path| path.starts_with("/terminals/")));
    view! {
        <a class="skip" href="#content">"Skip to the content"</a>
        <div class="frame" class:frame-terminal=move || in_terminal.get()>
            <TopBar help/>
            <Notices/>
            <main class="frame-main" id="content" tabindex="-1">{page()}</main>
        </div>
        <Shortcuts help/>
        <ShortcutsHelp open=help/>
    }
    .into_any()
}

#[component]
fn TopBar(help: RwSignal<bool>) -> impl IntoView {
    let account = Account::get();
    let path = use_location().pathname;
    let here = move |start: &'static str| {
        let path = path.get();
        let inside = if start == "/" { path == "/" || path.starts_with("/terminals") } else { path.starts_with(start) };
        inside.then_some("page")
    };
    view! {
        <header class="topbar">
            <a class="brand" href="/" aria-label="Rexec, to the terminals"><Logo/><span>"Rexec"</span></a>
            <nav class="topnav" aria-label="Main">
                <a href="/" aria-current=move || here("/") data-testid="nav-terminals">"Terminals"</a>
                <When when=move || account.is_admin()>
                    <a href="/admin/users" aria-current=move || here("/admin") data-testid="nav-admin">"Administration"</a>
                </When>
            </nav>
            <div class="topbar-end">
                <ThemeButton/>
                <button r#type="button" class="btn btn-icon btn-ghost wide-only" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" on:click=move |_| help.set(true) data-testid="shortcuts">
                    <Icon glyph=Glyph::Keyboard/>
                </button>
                <UserMenu/>
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
    let leave = move |_| {
        spawn_local(async move {
            match api::logout().await {
                Ok(_) => browser::load_page("/login"),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let face = move || view! { <Icon glyph=Glyph::Person/><span class="wide-only" data-testid="username">{name}</span><Icon glyph=Glyph::ChevronDown/> };
    view! {
        <Menu label=format!("{}, your account", untrack(name)) class="btn btn-ghost" testid="user-menu" face>
            <a class="menu-item" role="menuitem" href="/account/security" data-testid="nav-account"><Icon glyph=Glyph::Shield/>"Account and security"</a>
            <a class="menu-item" role="menuitem" href="/account/sessions"><Icon glyph=Glyph::People/>"Login sessions"</a>
            <a class="menu-item" role="menuitem" href="/account/audit"><Icon glyph=Glyph::Scroll/>"Your activity"</a>
            <hr class="menu-line"/>
            <button r#type="button" class="menu-item" role="menuitem" on:click=leave data-testid="logout"><Icon glyph=Glyph::Logout/>"Sign out"</button>
        </Menu>
    }
    .into_any()
}

/// Dark, light, or what the system says; and more contrast. Kept in this browser.
#[component]
fn ThemeButton() -> impl IntoView {
    let choose = |name: &'static str, value: Option<&'static str>| {
        move |_| {
            browser::save_setting(name, value);
            if let Some(root) = browser::document().document_element() {
                browser::set_or_remove(&root, &format!("data-{name}"), value);
            }
        }
    };
    let face = || view! { <Icon glyph=Glyph::Contrast/> };
    view! {
        <Menu label="Appearance" testid="theme-menu" face>
            <button r#type="button" class="menu-item is-system" role="menuitem" on:click=choose("theme", None) data-testid="theme-system"><Icon glyph=Glyph::Contrast/>"As the system"</button>
            <button r#type="button" class="menu-item is-dark" role="menuitem" on:click=choose("theme", Some("dark")) data-testid="theme-dark"><Icon glyph=Glyph::Moon/>"Dark"</button>
            <button r#type="button" class="menu-item is-light" role="menuitem" on:click=choose("theme", Some("light")) data-testid="theme-light"><Icon glyph=Glyph::Sun/>"Light"</button>
            <hr class="menu-line"/>
            <button r#type="button" class="menu-item is-normal" role="menuitem" on:click=choose("contrast", None)>"Normal contrast"</button>
            <button r#type="button" class="menu-item is-more" role="menuitem" on:click=choose("contrast", Some("more"))>"High contrast"</button>
        </Menu>
    }
    .into_any()
}

/// What the person must know or do: a required factor, a reset factor, few recovery codes.
#[component]
fn Notices() -> impl IntoView {
    let account = Account::get();
    let toasts = Toasts::get();
    // One line, however many there are: the terminal below needs the room.
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
        <When when=must_enrol>
            <div class="banner banner-warning" role="status" data-testid="must-enrol">
                <Icon glyph=Glyph::Shield/>
                <p>"This organisation asks every account for MFA. Enable it to use terminals."</p>
                <a class="btn btn-small" href="/account/security">"Set it up"</a>
            </div>
        </When>
        {move || newest().map(|(text, more)| view! {
            <div class="banner notices" role="status" data-testid="notice">
                <Icon glyph=Glyph::Shield/>
                <p>{text} {(more > 0).then(|| view! { " "<a href="/account/audit">{format!("And {more} more.")}</a> })}</p>
                <button r#type="button" class="btn btn-icon btn-ghost btn-small" aria-label="Dismiss" on:click=dismiss data-testid="notice-dismiss"><Icon glyph=Glyph::Close/></button>
            </div>
        })}
    }
    .into_any()
}
