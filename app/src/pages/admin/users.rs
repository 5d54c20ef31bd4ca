//! People: list, invite, and per person role, quota, disabling, resets.

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    Page,
    admin::{InviteRequest, OneTimeLink, UserView},
    auth::Role,
};

use super::{Again, one_time_link::LinkDialog, user_row::UserRow};
use crate::{
    api,
    components::{Fetched, Glyph, Icon, Menu, Section, When, ask, shown},
    state::Toasts,
};

/// Where rows put a link that is to be shown.
#[derive(Clone, Copy)]
pub(super) struct ShownLink(pub(super) RwSignal<Option<OneTimeLink>>);

/// The section.
#[component]
pub(super) fn Users() -> impl IntoView {
    let again = Again::provide();
    let link = RwSignal::new(None);
    provide_context(ShownLink(link));
    let list = ask(again.0, || api::text::admin_users(api::After(None)));
    let tools = move || view! { <InviteMenu/> };
    view! {
        <Section title="People" lead="Accounts on this server. An administrator never sees the bytes of another person's terminal, and resetting a factor opens no locked terminal." testid="admin-users" tools>
            <Fetched of=list show=shown(|page| view! { <Table page/> }.into_any())/>
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

#[component]
fn Table(page: Page<UserView>) -> impl IntoView {
    let users = RwSignal::new(page.items);
    let next = RwSignal::new(page.next);
    let toasts = Toasts::get();
    let more = move |_| {
        let after = api::After(next.get_untracked());
        spawn_local(async move {
            match api::admin_users(after).await {
                Ok(page) => {
                    users.update(|users| users.extend(page.items));
                    next.set(page.next);
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    view! {
        <div class="table-wrap table-menus">
            <table class="table" data-testid="users">
                <thead><tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Role"</th>
                    <th scope="col">"MFA"</th>
                    <th scope="col">"Terminals"</th>
                    <th scope="col">"Last sign-in"</th>
                    <th scope="col"><span class="sr-only">"Actions"</span></th>
                </tr></thead>
                <tbody><For each=move || users.get() key=|user| user.id let:user><UserRow user/></For></tbody>
            </table>
        </div>
        <When when=move || next.with(Option::is_some)>
            <button r#type="button" class="btn" on:click=more>"Show more"</button>
        </When>
    }
    .into_any()
}
