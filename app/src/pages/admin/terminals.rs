//! Everybody's terminals: to stop and to delete, never to look into.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{Page, Problem, TerminalId, admin::AdminTerminal, terminals::TerminalState};

use super::Again;
use crate::{
    api,
    components::{
        Ago, Dialog, Empty, Fetched, Glyph, Icon, LockBadge, LockState, Menu, ProblemNote, Section, StateDot, Submit,
        When, ask, shown,
    },
    state::Toasts,
};

/// The section.
#[component]
pub(super) fn AllTerminals() -> impl IntoView {
    let again = Again::provide();
    let list = ask(again.0, || api::text::admin_terminals(api::After(None)));
    view! {
        <Section title="Terminals" lead="Every terminal on this server. You can stop and delete them; what is in them is their owner's alone." testid="admin-terminals">
            <Fetched of=list show=shown(|page| view! { <Table page/> }.into_any())/>
        </Section>
    }
    .into_any()
}

#[component]
fn Table(page: Page<AdminTerminal>) -> impl IntoView {
    let toasts = Toasts::get();
    if page.items.is_empty() {
        return view! { <Empty glyph=Glyph::Terminal title="No terminals" text="Nobody has made one yet."/> }
            .into_any();
    }
    let items = RwSignal::new(page.items);
    let next = RwSignal::new(page.next);
    let more = move |_| {
        let after = api::After(next.get_untracked());
        spawn_local(async move {
            match api::admin_terminals(after).await {
                Ok(page) => {
                    items.update(|items| items.extend(page.items));
                    next.set(page.next);
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    view! {
        <div class="table-wrap table-menus">
            <table class="table" data-testid="all-terminals">
                <thead><tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Owner"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Lock"</th>
                    <th scope="col">"Image"</th>
                    <th scope="col">"Last active"</th>
                    <th scope="col"><span class="sr-only">"Actions"</span></th>
                </tr></thead>
                <tbody><For each=move || items.get() key=|terminal| terminal.id let:terminal><Row terminal/></For></tbody>
            </table>
        </div>
        <When when=move || next.with(Option::is_some)>
            <button r#type="button" class="btn" on:click=more>"Show more"</button>
        </When>
    }
    .into_any()
}

#[component]
fn Row(terminal: AdminTerminal) -> impl IntoView {
    let again = Again::get();
    let toasts = Toasts::get();
    let id = terminal.id;
    let deleting = RwSignal::new(false);
    let stop = move |_| {
        spawn_local(async move {
            if let Err(problem) = api::admin_stop_terminal(id).await {
                toasts.problem(&problem);
            }
            again.now();
        });
    };
    let lock = if terminal.mfa_locked { LockState::Locked } else { LockState::Open };
    let running = terminal.state == TerminalState::Running;
    let face = || view! { <Icon glyph=Glyph::Dots/> };
    view! {
        <tr data-testid="admin-terminal" data-id=id.to_string()>
            <td class="wrap list-title">{terminal.name.to_string()}</td>
            <td>{terminal.owner.to_string()}</td>
            <td><StateDot state=Signal::stored(terminal.state) word=true/></td>
            <td><LockBadge state=Signal::stored(lock)/></td>
            <td>{terminal.image.to_string()} " · " {terminal.tier.to_string()}</td>
            <td><Ago at=Signal::stored(terminal.last_active_at)/></td>
            <td class="end">
                <Menu label="Actions" class="btn btn-icon btn-ghost btn-small" testid="admin-terminal-actions" face>
                    <button r#type="button" class="menu-item" role="menuitem" disabled=!running on:click=stop data-testid="admin-stop"><Icon glyph=Glyph::Stop/>"Stop"</button>
                    <button r#type="button" class="menu-item menu-danger" role="menuitem" on:click=move |_| deleting.set(true) data-testid="admin-delete"><Icon glyph=Glyph::Trash/>"Delete…"</button>
                </Menu>
                <Dialog open=deleting title="Delete this terminal?".to_owned() testid="admin-delete-dialog"><DeleteForm id open=deleting/></Dialog>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn DeleteForm(id: TerminalId, open: RwSignal<bool>) -> impl IntoView {
    let again = Again::get();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        spawn_local(async move {
            match api::admin_delete_terminal(id).await {
                Ok(_) => {
                    let _ = open.try_set(false);
                    again.now();
                }
                Err(refusal) => drop(problem.try_set(Some(refusal))),
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <p>"Its container and its owner's home folder in it are destroyed. This cannot be undone, and it is written into the audit trail."</p>
            <ProblemNote problem/>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>"Keep it"</button>
                <Submit label="Delete".to_owned() busy kind="btn-danger" testid="admin-delete-confirm"/>
            </div>
        </form>
    }
    .into_any()
}
