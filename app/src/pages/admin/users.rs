//! Users: list, invitations, and actions per user.

use leptos::{prelude::*, task::spawn_local};
use protocol::{admin::InviteRequest, auth::Role};

use super::{
    one_time_link::{IssuedLink, LinkDialog},
    user_row::UserRow,
};
use crate::{
    api,
    components::{Glyph, Icon, ListSource, Listing, Menu, MenuItem, Refetch, Section},
    state::Toasts,
};

const COLUMNS: &[&str] = &["Name", "Role", "MFA", "Terminals", "Last sign-in", ""];

/// The section.
#[component]
pub(super) fn Users() -> impl IntoView {
    Refetch::provide();
    let link = RwSignal::new(None);
    provide_context(IssuedLink(link));
    let tools = move || view! { <InviteMenu /> };
    let source =
        ListSource::new(|after| api::admin_users(api::After(after)), |user| view! { <UserRow user /> }.into_any());
    view! {
        <Section
            title="People"
            lead="Accounts on this server. Nothing here shows an administrator what is in another person's terminal, \
            and resetting a factor opens no locked one. Whoever has root on the machine itself is not kept out."
            testid="admin-users"
            tools
        >
            <Listing source columns=COLUMNS testid="users" />
            <LinkDialog link title="One-time link" />
        </Section>
    }
    .into_any()
}

#[component]
fn InviteMenu() -> impl IntoView {
    let IssuedLink(link) = expect_context();
    let toasts = Toasts::get();
    let invite = move |role: Role| {
        spawn_local(async move {
            match api::invite_user(InviteRequest { role }).await {
                Ok(issued) => link.set(Some(issued)),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let button = || {
        view! {
            <Icon glyph=Glyph::Plus />
            "Invite"
            <Icon glyph=Glyph::ChevronDown />
        }
    };
    view! {
        <Menu label="Invite" class="btn btn-primary" testid="invite" button>
            <MenuItem glyph=Glyph::User on_click=move |()| invite(Role::User) testid="invite-user">
                "As a user"
            </MenuItem>
            <MenuItem glyph=Glyph::Shield on_click=move |()| invite(Role::Admin) testid="invite-admin">
                "As an administrator"
            </MenuItem>
        </Menu>
    }
    .into_any()
}
