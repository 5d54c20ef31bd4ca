//! One row of the list of users, with the actions on that user.

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    ProblemKind, UserId,
    admin::{UserPatch, UserView},
    auth::Role,
    limits,
};
use web_sys::HtmlFormElement;

use super::one_time_link::IssuedLink;
use crate::{
    api,
    components::{
        ConfirmDialog, Dialog, Form, Glyph, Icon, Menu, MenuItem, NumberField, Refetch, RelativeTime, Show, u64_range,
    },
    state::{Account, Submission, Toasts, all_valid},
};

const QUOTA: NumberField = NumberField {
    name: "quota",
    label: "This account may have",
    unit: "terminals",
    note: "Terminals beyond it stay; no new ones can be made.",
    unit_size: 1,
    step: 1,
    range: u64_range(limits::TERMINAL_QUOTA),
};

/// The row. It shows the state that the server confirmed.
#[component]
pub(super) fn UserRow(user: UserView) -> impl IntoView {
    let user = RwSignal::new(user);
    let id = user.with_untracked(|user| user.id);
    let is_self = untrack(|| Account::get().me()).is_some_and(|me| me.id == id);
    let role = move || {
        user.with(|user| if user.role == Role::Admin { ("tag tag-accent", "Administrator") } else { ("tag", "User") })
    };
    let quota = move || user.with(|user| (user.terminals, user.terminals_max));
    view! {
        <tr data-testid="user" data-username=move || user.with(|user| user.username.to_string())>
            <td class="lead">
                <span class="list-title">{move || user.with(|user| user.username.to_string())}</span>
                {is_self
                    .then(|| {
                        view! {
                            " "
                            <span class="muted">"(you)"</span>
                        }
                    })}
                {move || {
                    user.with(|user| user.disabled)
                        .then(|| {
                            view! {
                                " "
                                <span class="tag tag-bad">"Disabled"</span>
                            }
                        })
                }}
            </td>
            <td data-label="Role">
                <span class=move || role().0>{move || role().1}</span>
            </td>
            <td data-label="MFA">
                {move || {
                    if user.with(|user| user.mfa_enabled) {
                        view! { <span class="tag tag-good">"On"</span> }
                    } else {
                        view! { <span class="tag">"Off"</span> }
                    }
                }}
            </td>
            <td class="num" data-label="Terminals">
                {move || quota().0}
                {move || quota().1.map_or(String::new(), |max| format!(" of {max}"))}
            </td>
            <td data-label="Last sign-in">
                {move || {
                    user.with(|user| user.last_login_at)
                        .map_or_else(
                            || view! { <span class="muted">"Never"</span> }.into_any(),
                            |at| view! { <RelativeTime at /> }.into_any(),
                        )
                }}
            </td>
            <td class="end">
                <Actions user is_self />
            </td>
        </tr>
    }
    .into_any()
}

fn patch(user: RwSignal<UserView>, patch: UserPatch) {
    let id = user.with_untracked(|user| user.id);
    let toasts = Toasts::get();
    spawn_local(async move {
        match api::patch_user(id, patch).await {
            Ok(changed) => drop(user.try_set(changed)),
            Err(problem) => toasts.problem(&problem),
        }
    });
}

/// Whether each dialog of a row is open.
#[derive(Clone, Copy)]
struct Dialogs {
    role: RwSignal<bool>,
    disable: RwSignal<bool>,
    quota: RwSignal<bool>,
    mfa: RwSignal<bool>,
}

#[component]
fn Actions(user: RwSignal<UserView>, is_self: bool) -> impl IntoView {
    let id = user.with_untracked(|user| user.id);
    let closed = || RwSignal::new(false);
    let dialogs = Dialogs { role: closed(), disable: closed(), quota: closed(), mfa: closed() };
    let IssuedLink(link) = expect_context();
    let toasts = Toasts::get();
    let is_admin = move || user.with(|user| user.role == Role::Admin);
    let disabled = move || user.with(|user| user.disabled);
    let toggle_disabled = move |()| if disabled() { set_disabled(user, false) } else { dialogs.disable.set(true) };
    let reset_link = move |()| {
        spawn_local(async move {
            match api::reset_link(id).await {
                Ok(issued) => link.set(Some(issued)),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let name = user.with_untracked(|user| user.username.to_string());
    let button = || view! { <Icon glyph=Glyph::Dots /> };
    let self_hint = is_self.then_some("You cannot do this to your own account");
    view! {
        <Menu label=format!("Actions for {name}") class="btn btn-icon btn-ghost btn-small" testid="user-actions" button>
            <MenuItem disabled=is_self title=self_hint on_click=move |()| dialogs.role.set(true) testid="user-role">
                {move || if is_admin() { "Make a user…" } else { "Make an administrator…" }}
            </MenuItem>
            <MenuItem on_click=move |()| dialogs.quota.set(true) testid="user-quota">
                "Set the terminal quota…"
            </MenuItem>
            <MenuItem on_click=reset_link testid="user-reset-link">
                "Password reset link…"
            </MenuItem>
            <MenuItem on_click=move |()| dialogs.mfa.set(true) testid="user-reset-mfa">
                "Reset MFA…"
            </MenuItem>
            <hr class="menu-line" />
            <MenuItem
                danger=Signal::derive(move || !disabled())
                disabled=is_self
                title=self_hint
                on_click=toggle_disabled
                testid="user-disable"
            >
                {move || if disabled() { "Enable" } else { "Disable…" }}
            </MenuItem>
        </Menu>
        <ActionDialogs user dialogs />
    }
    .into_any()
}

fn set_disabled(user: RwSignal<UserView>, disabled: bool) {
    patch(user, UserPatch { disabled: Some(disabled), ..Default::default() });
}

#[component]
fn ActionDialogs(user: RwSignal<UserView>, dialogs: Dialogs) -> impl IntoView {
    let (id, name) = user.with_untracked(|user| (user.id, user.username.to_string()));
    let is_admin = move || user.with(|user| user.role == Role::Admin);
    let toggle_role = move |()| {
        let role = if untrack(is_admin) { Role::User } else { Role::Admin };
        patch(user, UserPatch { role: Some(role), ..Default::default() });
    };
    let new_role = Signal::derive({
        let name = name.clone();
        move || format!("Make {name} {}?", if is_admin() { "a user" } else { "an administrator" })
    });
    view! {
        <ConfirmDialog
            open=dialogs.role
            title=new_role
            text="Administrators see and change every account, image, size and setting, and can stop and delete every \
            terminal. What is in a terminal stays its owner's."
            confirm_label=Signal::stored("Change the role".to_owned())
            on_confirm=toggle_role
            testid="role-dialog"
        />
        <ConfirmDialog
            open=dialogs.disable
            title=format!("Disable {name}?")
            text="Every login of this account ends at once, with the terminals that are open in it. The terminals and \
            what is in them stay."
            confirm_label=Signal::stored("Disable".to_owned())
            on_confirm=move |()| set_disabled(user, true)
            testid="disable-user-dialog"
        />
        <Dialog open=dialogs.quota title=format!("Terminal quota of {name}") testid="quota-dialog">
            <QuotaForm user open=dialogs.quota />
        </Dialog>
        <Dialog open=dialogs.mfa title=format!("Reset MFA of {name}?") testid="reset-mfa-dialog">
            <ResetForm id open=dialogs.mfa />
        </Dialog>
    }
    .into_any()
}

#[component]
fn QuotaForm(user: RwSignal<UserView>, open: RwSignal<bool>) -> impl IntoView {
    let (id, current) = user.with_untracked(|user| (user.id, user.terminals_max));
    let submission = Submission::new();
    let send = move |form: HtmlFormElement| {
        let mut errors = Vec::new();
        let max = QUOTA.parse(&form, &mut errors) as u32;
        let Some(max) = submission.validated(all_valid(max, errors)) else { return };
        submission.run(async move {
            let changed =
                api::patch_user(id, UserPatch { terminals_max: Some(Some(max)), ..Default::default() }).await?;
            let _ = open.try_set(false);
            let _ = user.try_set(changed);
            Ok(())
        });
    };
    view! {
        <Form submission send label="Save" fields=&["quota"] novalidate=true dialog=open submit="quota-submit">
            {QUOTA.view(current.map(u64::from), submission)}
        </Form>
    }
    .into_any()
}

#[component]
fn ResetForm(id: UserId, open: RwSignal<bool>) -> impl IntoView {
    let (refetch, toasts) = (Refetch::get(), Toasts::get());
    let submission = Submission::new();
    let send = move |_: HtmlFormElement| {
        submission.run(async move {
            api::reset_mfa(id).await?;
            let _ = open.try_set(false);
            toasts.success("MFA was reset. The person is told at the next sign-in.");
            refetch.trigger();
            Ok(())
        });
    };
    let terminals_locked =
        move || submission.problems.with(|all| all.iter().any(|p| p.kind == ProblemKind::TerminalsLocked));
    view! {
        <Form submission send label="Reset MFA" kind="btn-danger" dialog=open submit="reset-mfa-confirm">
            <p>
                "The account's authenticator app and recovery codes stop working and its sessions end. Its locked \
                 terminals stay locked: the person sets up a new app and opens them with that."
            </p>
            <Show when=terminals_locked>
                <p class="muted">
                    "Deleting a locked terminal, under Terminals, asks for a code of your own authenticator app."
                </p>
            </Show>
        </Form>
    }
    .into_any()
}
