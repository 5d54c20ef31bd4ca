//! People: list, invite, and per person role, quota, disabling, resets.

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    admin::{InviteRequest, OneTimeLink},
    auth::Role,
};

use super::{one_time_link::LinkDialog, user_row::UserRow};
use crate::{
    api,
    components::{Again, Glyph, Icon, Listing, Menu, Section, rows},
    state::Toasts,
};

const COLUMNS: &[&str] = &["Name", "Role", "MFA", "Terminals", "Last sign-in", ""];

/// Where rows put a link that is to be shown.
#[derive(Clone, Copy)]
pub(super) struct ShownLink(pub(super) RwSignal<Option<OneTimeLink>>);

/// The section.
#[component]
pub(super) fn Users() -> impl IntoView {
    Again::provide();
    let link = RwSignal::new(None);
    provide_context(ShownLink(link));
    let tools = move || view! { <InviteMenu/> };
    view! {
        <Section title="People" lead="Accounts on this server. Nothing here shows an administrator what is in another person's terminal, and resetting a factor opens no locked one. Whoever has root on the machine itself is not kept out." testid="admin-users" tools>
            <Listing read=|after| api::text::admin_users(api::After(after)) rows=rows(|user| view! { <UserRow user/> }.into_any()) columns=COLUMNS testid="users"/>
            <LinkDialog link title="One-time link"/>
        </Section>
    }
    .into_any()
}

#[component]
fn InviteMenu() -> impl IntoView {
    let ShownLink(link) = expect_context();
    let toasts = Toasts::get();
    let invite = move |role: Role| {
        spawn_local(async move {
            match api::invite_user(InviteRequest { role }).await {
                Ok(made) => link.set(Some(made)),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let face = || view! { <Icon glyph=Glyph::Plus/>"Invite"<Icon glyph=Glyph::ChevronDown/> };
    view! {
        <Menu label="Invite" class="btn btn-primary" testid="invite" face>
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| invite(Role::User) data-testid="invite-user"><Icon glyph=Glyph::Person/>"As a user"</button>
            <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| invite(Role::Admin) data-testid="invite-admin"><Icon glyph=Glyph::Shield/>"As an administrator"</button>
        </Menu>
    }
    .into_any()
}
