//! The login sessions of the account.

use leptos::{prelude::*, task::spawn_local};
use protocol::auth::SessionView;

use crate::{
    api,
    components::{ConfirmDialog, ListSource, Listing, Refetch, RelativeTime, Section},
    state::{Hydrated, Toasts},
};

/// The section.
#[component]
pub(super) fn Sessions() -> impl IntoView {
    let refetch = Refetch::provide();
    let toasts = Toasts::get();
    let pending = Hydrated::pending();
    let asking = RwSignal::new(false);
    let revoke_others = move |()| {
        spawn_local(async move {
            match api::revoke_other_sessions().await {
                Ok(_) => {
                    toasts.success("Every other session was signed out");
                    refetch.trigger();
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let tools = move || {
        view! {
            <button
                r#type="button"
                class="btn"
                disabled=pending
                on:click=move |_| asking.set(true)
                data-testid="revoke-others"
            >
                "Sign out all others"
            </button>
        }
    };
    let source = ListSource::new(|_| api::sessions(), |session| view! { <Row session /> }.into_any());
    view! {
        <Section
            title="Login sessions"
            lead="Every browser that is signed in to your account. Sign one out and its terminals close there at once."
            testid="account-sessions"
            tools
        >
            <ConfirmDialog
                open=asking
                title="Sign out everywhere else?".to_owned()
                text="Every other browser and program is signed out, and its terminals close there at once."
                confirm_label="Sign out all others".to_owned()
                on_confirm=revoke_others
                testid="revoke-dialog"
            />
            <Listing source />
        </Section>
    }
    .into_any()
}

#[component]
fn Row(session: SessionView) -> impl IntoView {
    let (refetch, toasts) = (Refetch::get(), Toasts::get());
    let pending = Hydrated::pending();
    let id = session.id;
    let label = format!("Sign out {}", session.device);
    let revoke = move |_| {
        spawn_local(async move {
            match api::revoke_session(id).await {
                Ok(_) => {
                    toasts.success("The session was signed out");
                    refetch.trigger();
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    view! {
        <li class="list-row" data-testid="session" data-current=session.current.to_string()>
            <div class="list-main">
                <p class="list-title">{session.device}</p>
                <p class="muted small num">
                    {session.address} " · signed in " <RelativeTime at=session.created_at dated=true />
                </p>
            </div>
            <div class="list-end">
                {if session.current {
                    view! { <span class="tag tag-accent">"This browser"</span> }.into_any()
                } else {
                    view! {
                        <span class="muted small">"Last seen " <RelativeTime at=session.last_seen_at /></span>
                        <button
                            r#type="button"
                            class="btn btn-small"
                            aria-label=label
                            disabled=pending
                            on:click=revoke
                            data-testid="revoke"
                        >
                            "Sign out"
                        </button>
                    }
                        .into_any()
                }}
            </div>
        </li>
    }
    .into_any()
}
