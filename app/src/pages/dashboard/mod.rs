//! The dashboard: every terminal of the person as a card.

mod actions;
mod card;
mod delete;
mod launch;
mod progress;
mod rename;

pub(crate) use actions::{TerminalActions, start};
pub(crate) use card::{bytes, cores};
pub(crate) use delete::{DeleteDialog, DeleteForm};
pub(crate) use progress::StageList;
pub(crate) use rename::RenameDialog;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use protocol::{Page, terminals::Terminal};

use crate::{
    api, browser,
    components::{Empty, Fetched, Glyph, Icon, When, ask_once, shown},
    state::{Account, Hydrated, Terminals},
};
use card::Card;
use launch::LaunchDialog;

/// From this many terminals on there is a filter.
const FILTER_FROM: usize = 7;

/// `/terminals` is the dashboard's other name.
#[component]
pub(crate) fn Home() -> impl IntoView {
    view! { <Redirect path="/"/> }.into_any()
}

/// `/`.
#[component]
pub(crate) fn Dashboard() -> impl IntoView {
    let terminals = Terminals::get();
    let asked = terminals.count();
    let list = ask_once(|| api::text::terminals(api::After(None)));
    let launching = RwSignal::new(false);
    let show = shown(move |page: Page<Terminal>| {
        terminals.seed(page.items, asked);
        if page.next.is_some() {
            // More than one page: the first one is shown at once, the rest follows.
            Effect::new(move |_| terminals.reload());
        }
        view! { <Cards launching/> }.into_any()
    });
    view! {
        <Title text="Terminals"/>
        <div class="page" data-testid="dashboard">
            <Fetched of=list show/>
            <LaunchDialog open=launching/>
        </div>
    }
    .into_any()
}

#[component]
fn Cards(launching: RwSignal<bool>) -> impl IntoView {
    let terminals = Terminals::get();
    let filter = RwSignal::new(String::new());
    let count = Memo::new(move |_| terminals.all().len());
    let some = move || count.get() > 0;
    let pending = Hydrated::pending();
    let many = move || count.get() >= FILTER_FROM;
    let ids = Memo::new(move |_| {
        let wanted = filter.get();
        let matches = |text: &str| wanted.is_empty() || browser::tells(text, &wanted);
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
                <When when=many>
                    <div class="search">
                        <Icon glyph=Glyph::Search/>
                        <input class="input" r#type="search" placeholder="Filter by name or image" aria-label="Filter terminals" disabled=pending prop:value=move || filter.get() on:input=move |event| filter.set(event_target_value(&event)) data-testid="filter"/>
                    </div>
                </When>
                // On the empty page the one below is enough.
                <When when=some><NewTerminal launching/></When>
            </div>
        </header>
        <When when=some fallback=move || view! { <Nothing launching/> }>
            <ul class="cards" data-testid="cards">
                <For each=move || ids.get() key=|id| *id let:id><Card id/></For>
            </ul>
            <When when=move || ids.with(Vec::is_empty)>
                <p class="muted center">"No terminal matches that filter."</p>
            </When>
        </When>
    }
    .into_any()
}

#[component]
fn NewTerminal(launching: RwSignal<bool>) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button r#type="button" class="btn btn-primary" disabled=pending on:click=move |_| launching.set(true) data-testid="new-terminal">
            <Icon glyph=Glyph::Plus/>"New terminal"
        </button>
    }
    .into_any()
}

#[component]
fn Nothing(launching: RwSignal<bool>) -> impl IntoView {
    let account = Account::get();
    view! {
        <Empty glyph=Glyph::Terminal title="Your first terminal" testid="dashboard-empty"
            text="A terminal is a container of its own: hardened, with a home folder that stays. Close the tab whenever you like - the shell keeps running. Lock it with MFA and nobody sees or types a byte without a fresh code.">
            <NewTerminal launching/>
            <When when=move || !account.mfa_enabled()>
                <a class="btn btn-ghost" href="/account/security">"Enable MFA first"</a>
            </When>
        </Empty>
    }
    .into_any()
}

fn summary(terminals: &Terminals) -> String {
    let all = terminals.all();
    let running = all.iter().filter(|t| t.state == protocol::terminals::TerminalState::Running).count();
    let locked = all.iter().filter(|t| t.mfa_locked).count();
    match all.len() {
        0 => "None yet".to_owned(),
        count => format!("{count} in all · {running} running · {locked} locked"),
    }
}
