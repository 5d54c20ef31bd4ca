//! Where the account is signed in, and ending it.

use leptos::{prelude::*, task::spawn_local};
use protocol::{Page, auth::SessionView};

use crate::{
    api,
    components::{Ago, Fetched, Section, ask, shown},
    state::{Hydrated, Toasts},
};

/// Tells the list to read itself again.
#[derive(Clone, Copy)]
struct Again(RwSignal<u32>);

/// The section.
#[component]
pub(super) fn Sessions() -> impl IntoView {
    let again = RwSignal::new(0);
    provide_context(Again(again));
    let list = ask(again, api::text::sessions);
    let toasts = Toasts::get();
    let pending = Hydrated::pending();
    let revoke_others = move |_| {
        spawn_local(async move {
            match api::revoke_other_sessions().await {
                Ok(_) => {
                    toasts.good("Every other session was ended");
                    again.update(|count| *count += 1);
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let tools = move || view! { <button r#type="button" class="btn" disabled=pending on:click=revoke_others data-testid="revoke-others">"End all others"</button> };
    view! {
        <Section title="Login sessions" lead="Every browser that is signed in to your account. End one and its terminals close there at once." testid="account-sessions" tools>
            <Fetched of=list show=shown(|page| view! { <List page/> }.into_any())/>
        </Section>
    }
    .into_any()
}

#[component]
fn List(page: Page<SessionView>) -> impl IntoView {
    view! { <ul class="list">{page.items.into_iter().map(|session| view! { <Row session/> }).collect_view()}</ul> }
        .into_any()
}

#[component]
fn Row(session: SessionView) -> impl IntoView {
    let Again(again) = expect_context();
    let toasts = Toasts::get();
    let pending = Hydrated::pending();
    let id = session.id;
    let revoke = move |_| {
        spawn_local(async move {
            match api::revoke_session(id).await {
                Ok(_) => again.update(|count| *count += 1),
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    view! {
        <li class="list-row" data-testid="session" data-current=session.current.to_string()>
            <div class="list-main">
                <p class="list-title">{session.device}</p>
                <p class="muted small num">{session.address} " · signed in " <Ago at=session.created_at/></p>
            </div>
            <div class="list-end">
                {if session.current {
                    view! { <span class="tag tag-accent">"This browser"</span> }.into_any()
                } else {
                    view! {
                        <span class="muted small">"Last seen " <Ago at=session.last_seen_at/></span>
                        <button r#type="button" class="btn btn-small" disabled=pending on:click=revoke data-testid="revoke">"End"</button>
                    }
                    .into_any()
                }}
            </div>
        </li>
    }
    .into_any()
}
