//! All terminals of the server: list, stop, delete. There is no access to their content.

use leptos::{prelude::*, task::spawn_local};
use protocol::{TerminalId, admin::AdminTerminal, names::Sensitive, terminals::Phase};

use crate::{
    api,
    components::{
        ConfirmDialog, Dialog, EmptyState, Glyph, Icon, ListSource, Listing, Menu, MenuItem, Refetch, RelativeTime,
        Section,
        terminal::{ConfirmForm, LockBadge, LockState, RequiredCode, StateDot},
    },
    state::{Submission, Toasts},
};

const COLUMNS: &[&str] = &["Name", "Owner", "State", "Lock", "Image", "Last active", ""];

/// The section.
#[component]
pub(super) fn AllTerminals() -> impl IntoView {
    Refetch::provide();
    let empty = || view! { <EmptyState glyph=Glyph::Terminal title="No terminals" text="Nobody has made one yet." /> };
    let source = ListSource::new(
        |after| api::admin_terminals(api::After(after)),
        |terminal| view! { <Row terminal /> }.into_any(),
    );
    view! {
        <Section
            title="Terminals"
            lead="Every terminal on this server. You can stop and delete them; no page and no route shows you what is \
            in them."
            testid="admin-terminals"
        >
            <Listing source columns=COLUMNS empty testid="all-terminals" />
        </Section>
    }
    .into_any()
}

#[component]
fn Row(terminal: AdminTerminal) -> impl IntoView {
    let id = terminal.id;
    let (deleting, stopping) = (RwSignal::new(false), RwSignal::new(false));
    let lock = if terminal.mfa_locked { LockState::Locked } else { LockState::Open };
    let running = terminal.phase == Phase::Running;
    let subject = format!("{} of {}?", terminal.name, terminal.owner);
    let actions = format!("Actions for {}", terminal.name);
    let button = || view! { <Icon glyph=Glyph::Dots /> };
    view! {
        <tr data-testid="admin-terminal" data-id=id.to_string()>
            <td class="wrap list-title lead">{terminal.name.to_string()}</td>
            <td data-label="Owner">{terminal.owner.to_string()}</td>
            <td data-label="State">
                <StateDot phase=Signal::stored(terminal.phase) word=true />
            </td>
            <td data-label="Lock">
                <LockBadge state=Signal::stored(lock) />
            </td>
            <td data-label="Image">{terminal.image.to_string()} " · " {terminal.tier.to_string()}</td>
            <td data-label="Last active">
                <RelativeTime at=Signal::stored(terminal.last_active_at) />
            </td>
            <td class="end">
                <Menu label=actions class="btn btn-icon btn-ghost btn-small" testid="admin-terminal-actions" button>
                    <MenuItem
                        glyph=Glyph::Stop
                        disabled=!running
                        on_click=move |()| stopping.set(true)
                        testid="admin-stop"
                    >
                        "Stop…"
                    </MenuItem>
                    <MenuItem
                        glyph=Glyph::Trash
                        danger=true
                        on_click=move |()| deleting.set(true)
                        testid="admin-delete"
                    >
                        "Delete…"
                    </MenuItem>
                </Menu>
                <Dialogs id subject locked=terminal.mfa_locked stopping deleting />
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Dialogs(
    id: TerminalId,
    subject: String,
    locked: bool,
    stopping: RwSignal<bool>,
    deleting: RwSignal<bool>,
) -> impl IntoView {
    let (refetch, toasts) = (Refetch::get(), Toasts::get());
    let stop = move |()| {
        spawn_local(async move {
            if let Err(problem) = api::admin_stop_terminal(id).await {
                toasts.problem(&problem);
            }
            refetch.trigger();
        });
    };
    view! {
        <ConfirmDialog
            open=stopping
            title=format!("Stop {subject}")
            text="Everything that runs in it ends; the home folder stays. Its owner can start it again."
            confirm_label="Stop".to_owned()
            cancel_label="Keep it running"
            on_confirm=stop
            testid="admin-stop-dialog"
        />
        <Dialog open=deleting title=format!("Delete {subject}") testid="admin-delete-dialog">
            <Delete id locked open=deleting />
        </Dialog>
    }
    .into_any()
}

#[component]
fn Delete(id: TerminalId, locked: bool, open: RwSignal<bool>) -> impl IntoView {
    let refetch = Refetch::get();
    let submission = Submission::new();
    let code = RequiredCode::new(Signal::stored(locked));
    let send = move |typed: Option<Sensitive>| {
        submission.run(async move {
            code.check(api::admin_delete_terminal(id, typed).await)?;
            let _ = open.try_set(false);
            refetch.trigger();
            Ok(())
        });
    };
    view! {
        <ConfirmForm
            submission
            send
            code
            open
            label="Delete"
            cancel="Keep it"
            needs="This terminal is locked, so deleting it needs a code of your own authenticator app."
            submit="admin-delete-confirm"
        >
            <p>
                "Its container and its owner's home folder in it are destroyed. This cannot be undone, and it is \
                 written into the audit trail."
            </p>
        </ConfirmForm>
    }
    .into_any()
}
