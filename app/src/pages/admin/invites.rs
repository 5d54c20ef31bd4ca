//! One-time links that are not used yet.

use leptos::{prelude::*, task::spawn_local};
use protocol::{admin::InviteView, auth::Role};

use crate::{
    api,
    components::{Countdown, EmptyState, Glyph, ListSource, Listing, Refetch, RelativeTime, Section},
    state::{Hydrated, Toasts},
};

/// The section.
#[component]
pub(super) fn Invites() -> impl IntoView {
    Refetch::provide();
    let source = ListSource::new(|_| api::admin_invites(), |invite| view! { <Row invite /> }.into_any());
    view! {
        <Section
            title="Invitations"
            lead="Invitation and password reset links that nobody has used yet."
            testid="admin-invites"
        >
            <Listing source empty=NoLinks />
        </Section>
    }
    .into_any()
}

#[component]
fn NoLinks() -> impl IntoView {
    view! {
        <EmptyState
            glyph=Glyph::Key
            title="No open links"
            text="Invite somebody from the list of people. The link is shown once and works once."
        >
            <a class="btn btn-primary" href="/admin/users">
                "To the people"
            </a>
        </EmptyState>
    }
    .into_any()
}

#[component]
fn Row(invite: InviteView) -> impl IntoView {
    let refetch = Refetch::get();
    let toasts = Toasts::get();
    let pending = Hydrated::pending();
    let id = invite.id;
    let revoke = move |_| {
        spawn_local(async move {
            match api::revoke_invite(id).await {
                Ok(_) => refetch.trigger(),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let title = match (invite.username, invite.role) {
        (Some(name), _) => format!("Password reset for {name}"),
        (None, Role::Admin) => "Invitation as an administrator".to_owned(),
        (None, Role::User) => "Invitation as a user".to_owned(),
    };
    view! {
        <li class="list-row" data-testid="invite-row">
            <div class="list-main">
                <p class="list-title">{title}</p>
                <p class="muted small">
                    "By " {invite.created_by.to_string()} ", " <RelativeTime at=invite.created_at />
                </p>
            </div>
            <div class="list-end">
                <span class="muted small">"Expires in " <Countdown until=Some(invite.expires_at) /></span>
                <button
                    r#type="button"
                    class="btn btn-small"
                    disabled=pending
                    on:click=revoke
                    data-testid="revoke-invite"
                >
                    "Revoke"
                </button>
            </div>
        </li>
    }
    .into_any()
}
