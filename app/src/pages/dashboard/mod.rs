//! The dashboard: all terminals of the user as cards.

mod card;
mod create;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use protocol::{Page, terminals::Terminal};

use crate::{
    api, browser,
    components::{EmptyState, Fetch, Fetched, Glyph, Icon, Show},
    state::{Account, Hydrated, Terminals},
};
use card::Card;
use create::CreateDialog;

/// The filter is shown from this number of terminals on.
const FILTER_FROM: usize = 7;

/// `/terminals` redirects to the dashboard.
#[component]
pub(crate) fn TerminalsRedirect() -> impl IntoView {
    view! { <Redirect path="/" /> }.into_any()
}

/// `/`.
#[component]
pub(crate) fn DashboardPage() -> impl IntoView {
    let terminals = Terminals::get();
    let version = terminals.next_version();
    let creating = RwSignal::new(false);
    let fetch = Fetch::new(
        || api::terminals(api::After(None)),
        move |page: Page<Terminal>| {
            terminals.seed(page.items, version);
            if page.next.is_some() {
                // Shows the first page at once and loads the others.
                Effect::new(move |_| terminals.reload());
            }
            view! { <Cards creating /> }.into_any()
        },
    );
    view! {
        <Title text="Terminals" />
        <div class="page" data-testid="dashboard">
            <Fetched fetch />
            <CreateDialog open=creating />
        </div>
    }
    .into_any()
}

#[component]
fn Cards(creating: RwSignal<bool>) -> impl IntoView {
    let terminals = Terminals::get();
    let filter = RwSignal::new(String::new());
    let count = Memo::new(move |_| terminals.all().len());
    let has_terminals = move || count.get() > 0;
    let pending = Hydrated::pending();
    let shows_filter = move || count.get() >= FILTER_FROM;
    let ids = Memo::new(move |_| {
        let pattern = filter.get();
        let matches = |text: &str| pattern.is_empty() || browser::contains_ignore_case(text, &pattern);
        let all = terminals.all();
        all.iter().filter(|t| matches(t.name.as_str()) || matches(t.image.as_str())).map(|t| t.id).collect::<Vec<_>>()
    });
    view! {
        <header class="page-head">
            <div>
                <h1>"Terminals"</h1>
                <p class="muted">{move || summary(&terminals)}</p>
            </div>
            <div class="page-tools">
                <Show when=shows_filter>
                    <div class="search">
                        <Icon glyph=Glyph::Search />
                        <input
                            class="input"
                            r#type="search"
                            placeholder="Filter by name or image"
                            aria-label="Filter terminals"
                            disabled=pending
                            prop:value=move || filter.get()
                            on:input=move |event| filter.set(event_target_value(&event))
                            data-testid="filter"
                        />
                    </div>
                </Show>
                // The empty dashboard has this button in its middle.
                <Show when=has_terminals>
                    <NewTerminal creating />
                </Show>
            </div>
        </header>
        <Show when=has_terminals fallback=move || view! { <NoTerminals creating /> }>
            <ul class="cards" data-testid="cards">
                <For each=move || ids.get() key=|id| *id let:id>
                    <Card id />
                </For>
            </ul>
            <Show when=move || ids.with(Vec::is_empty)>
                <p class="muted center">"No terminal matches that filter."</p>
            </Show>
        </Show>
    }
    .into_any()
}

#[component]
fn NewTerminal(creating: RwSignal<bool>) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="button"
            class="btn btn-primary"
            disabled=pending
            on:click=move |_| creating.set(true)
            data-testid="new-terminal"
        >
            <Icon glyph=Glyph::Plus />
            "New terminal"
        </button>
    }
    .into_any()
}

#[component]
fn NoTerminals(creating: RwSignal<bool>) -> impl IntoView {
    let account = Account::get();
    view! {
        <EmptyState
            glyph=Glyph::Terminal
            title="Your first terminal"
            testid="dashboard-empty"
            text="A terminal is a container of its own: hardened, with a home folder that stays. Close the tab \
            whenever you like - the shell keeps running. Lock it with MFA and nobody sees or types a byte without \
            a fresh code."
        >
            <NewTerminal creating />
            <Show when=move || !account.mfa_enabled()>
                <a class="btn btn-ghost" href="/account/security">
                    "Enable MFA first"
                </a>
            </Show>
        </EmptyState>
    }
    .into_any()
}

fn summary(terminals: &Terminals) -> String {
    let all = terminals.all();
    let running = all.iter().filter(|t| t.phase == protocol::terminals::Phase::Running).count();
    let locked = all.iter().filter(|t| t.mfa_locked).count();
    match all.len() {
        0 => "None yet".to_owned(),
        count => format!("{count} in all · {running} running · {locked} locked"),
    }
}
