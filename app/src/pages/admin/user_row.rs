//! One person in the list, and what an administrator can do for or about them.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use protocol::{
    Problem, ProblemKind, UserId,
    admin::{UserPatch, UserView},
    auth::Role,
};
use wasm_bindgen::JsCast;

use super::{Again, users::ShownLink};
use crate::{
    api, browser,
    components::{Ago, Dialog, Field, Glyph, Icon, Menu, ProblemNote, Submit},
    state::{Account, Toasts},
};

/// The row; it shows what the server answered, not what was asked for.
#[component]
pub(super) fn UserRow(user: UserView) -> impl IntoView {
    let user = RwSignal::new(user);
    let id = user.with_untracked(|user| user.id);
    let oneself = untrack(|| Account::get().me()).is_some_and(|me| me.id == id);
    let role = move || {
        user.with(|user| if user.role == Role::Admin { ("tag tag-accent", "Administrator") } else { ("tag", "User") })
    };
    let quota = move || user.with(|user| (user.terminals, user.terminals_max));
    view! {
        <tr data-testid="user" data-username=move || user.with(|user| user.username.to_string())>
            <td>
                <span class="list-title">{move || user.with(|user| user.username.to_string())}</span>
                {oneself.then(|| view! { " "<span class="muted">"(you)"</span> })}
                {move || user.with(|user| user.disabled).then(|| view! { " "<span class="tag tag-bad">"Disabled"</span> })}
            </td>
            <td><span class=move || role().0>{move || role().1}</span></td>
            <td>{move || if user.with(|user| user.mfa_enabled) { view! { <span class="tag tag-good">"On"</span> } } else { view! { <span class="tag">"Off"</span> } }}</td>
            <td class="num">{move || quota().0} {move || quota().1.map_or(String::new(), |max| format!(" of {max}"))}</td>
            <td>{move || user.with(|user| user.last_login_at).map_or_else(|| view! { <span class="muted">"Never"</span> }.into_any(), |at| view! { <Ago at/> }.into_any())}</td>
            <td class="end"><Actions user oneself/></td>
        </tr>
    }
    .into_any()
}

fn patch(id: UserId, user: RwSignal<UserView>, patch: UserPatch) {
    let toasts = Toasts::get();
    spawn_local(async move {
        match api::patch_user(id, patch).await {
            Ok(changed) => drop(user.try_set(changed)),
            Err(problem) => toasts.problem(&problem),
        }
    });
}

#[component]
fn Actions(user: RwSignal<UserView>, oneself: bool) -> impl IntoView {
    let id = user.with_untracked(|user| user.id);
    let (resetting, limiting) = (RwSignal::new(false), RwSignal::new(false));
    let ShownLink(link) = expect_context();
    let toasts = Toasts::get();
    let is_admin = move || user.with(|user| user.role == Role::Admin);
    let disabled = move || user.with(|user| user.disabled);
    let swap_role = move |_| {
        let role = if is_admin() { Role::User } else { Role::Admin };
        patch(id, user, UserPatch { role: Some(role), ..Default::default() });
    };
    let swap_disabled = move |_| patch(id, user, UserPatch { disabled: Some(!disabled()), ..Default::default() });
    let reset_link = move |_| {
        spawn_local(async move {
            match api::reset_link(id).await {
                Ok(made) => link.set(Some(made)),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let face = || view! { <Icon glyph=Glyph::Dots/> };
    view! {
        <Menu label="Actions" class="btn btn-icon btn-ghost btn-small" testid="user-actions" face>
            <button r#type="button" class="menu-item" role="menuitem" disabled=oneself on:click=swap_role data-testid="user-role">{move || if is_admin() { "Make a user" } else { "Make an administrator" }}</button>
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| limiting.set(true) data-testid="user-quota">"Set the terminal quota…"</button>
            <button r#type="button" class="menu-item" role="menuitem" on:click=reset_link data-testid="user-reset-link">"Password reset link"</button>
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| resetting.set(true) data-testid="user-reset-mfa">"Reset MFA…"</button>
            <hr class="menu-line"/>
            <button r#type="button" class="menu-item menu-danger" role="menuitem" disabled=oneself on:click=swap_disabled data-testid="user-disable">{move || if disabled() { "Enable" } else { "Disable" }}</button>
        </Menu>
        <Dialog open=limiting title="Terminal quota".to_owned() testid="quota-dialog"><QuotaForm user open=limiting/></Dialog>
        <Dialog open=resetting title="Reset MFA?".to_owned() testid="reset-mfa-dialog"><ResetForm id open=resetting/></Dialog>
    }
    .into_any()
}

#[component]
fn QuotaForm(user: RwSignal<UserView>, open: RwSignal<bool>) -> impl IntoView {
    let (id, present) = user.with_untracked(|user| (user.id, user.terminals_max));
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = event.target().map(|form| form.unchecked_into()) else { return };
        match browser::form_value(&form, "quota").trim().parse::<u32>() {
            Ok(max) if max <= 100 => {
                patch(id, user, UserPatch { terminals_max: Some(max), ..Default::default() });
                open.set(false);
            }
            _ => problem.set(Some(Problem::new(ProblemKind::BadRequest, "A whole number from 0 to 100.").at("quota"))),
        }
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <Field name="quota" label="Terminals this account may have" hint="0 to 100. Terminals beyond it stay; no new ones can be made." value=present.map(|max| max.to_string()).unwrap_or_default() problem/>
            <div class="form-actions"><Submit label="Save".to_owned() busy=Signal::stored(false) testid="quota-submit"/></div>
        </form>
    }
    .into_any()
}

#[component]
fn ResetForm(id: UserId, open: RwSignal<bool>) -> impl IntoView {
    let again = Again::get();
    let toasts = Toasts::get();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        spawn_local(async move {
            match api::reset_mfa(id).await {
                Ok(_) => {
                    let _ = open.try_set(false);
                    toasts.good("MFA was reset. The person is told at the next sign-in.");
                    again.now();
                }
                Err(refusal) => drop(problem.try_set(Some(refusal))),
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <p>"The account's authenticator app and recovery codes stop working and its sessions end. Its locked terminals stay locked: the person sets up a new app and opens them with that."</p>
            <ProblemNote problem/>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>"Cancel"</button>
                <Submit label="Reset MFA".to_owned() busy kind="btn-danger" testid="reset-mfa-confirm"/>
            </div>
        </form>
    }
    .into_any()
}
