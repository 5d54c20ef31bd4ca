//! Everybody's terminals: to stop and to delete, never to look into.

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    TerminalId,
    admin::AdminTerminal,
    terminals::{DeleteTerminal, TerminalState},
};

use crate::{
    api,
    components::{
        Again, Ago, Dialog, Empty, Glyph, Icon, Listing, LockBadge, LockState, Menu, Section, StateDot, rows,
    },
    pages::dashboard::DeleteForm,
    state::{Sending, Toasts},
};

const COLUMNS: &[&str] = &["Name", "Owner", "State", "Lock", "Image", "Last active", ""];

/// The section.
#[component]
pub(super) fn AllTerminals() -> impl IntoView {
    Again::provide();
    let none = || view! { <Empty glyph=Glyph::Terminal title="No terminals" text="Nobody has made one yet."/> };
    view! {
        <Section title="Terminals" lead="Every terminal on this server. You can stop and delete them; what is in them is their owner's alone." testid="admin-terminals">
            <Listing read=|after| api::text::admin_terminals(api::After(after)) rows=rows(|terminal| view! { <Row terminal/> }.into_any()) columns=COLUMNS none testid="all-terminals"/>
        </Section>
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
    let delete = format!("Delete {} of {}?", terminal.name, terminal.owner);
    let actions = format!("Actions for {}", terminal.name);
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
                <Menu label=actions class="btn btn-icon btn-ghost btn-small" testid="admin-terminal-actions" face>
                    <button r#type="button" class="menu-item" role="menuitem" disabled=!running on:click=stop data-testid="admin-stop"><Icon glyph=Glyph::Stop/>"Stop"</button>
                    <button r#type="button" class="menu-item menu-danger" role="menuitem" on:click=move |_| deleting.set(true) data-testid="admin-delete"><Icon glyph=Glyph::Trash/>"Delete…"</button>
                </Menu>
                <Dialog open=deleting title=delete testid="admin-delete-dialog"><Delete id locked=terminal.mfa_locked open=deleting/></Dialog>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Delete(id: TerminalId, locked: bool, open: RwSignal<bool>) -> impl IntoView {
    let again = Again::get();
    let sending = Sending::new();
    let send = move |request: DeleteTerminal| {
        sending.send(async move {
            api::admin_delete_terminal(id, request).await?;
            let _ = open.try_set(false);
            again.now();
            Ok(())
        });
    };
    view! {
        <DeleteForm sending send locked perhaps=true open needs="This terminal is locked, so deleting it needs a code of your own authenticator app." submit="admin-delete-confirm">
            <p>"Its container and its owner's home folder in it are destroyed. This cannot be undone, and it is written into the audit trail."</p>
        </DeleteForm>
    }
    .into_any()
}
