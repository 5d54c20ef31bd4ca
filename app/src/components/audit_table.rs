//! Events of the audit trail as a table that grows downwards.

use leptos::{prelude::*, task::spawn_local};

use super::when::When;
use protocol::{
    Page,
    admin::{AuditView, Outcome},
};

use super::{
    Ago, Empty, Fetched, Glyph,
    fetched::{self, ask_once, shown},
};
use crate::{api::TextAnswer, state::Toasts};

/// How a page of events is read; the argument is the cursor.
type Read = Callback<Option<String>, TextAnswer>;

/// The table.
#[component]
pub(crate) fn AuditTable(
    /// Reads the page after a cursor.
    read: Read,
    /// Show who did it.
    who: bool,
) -> impl IntoView {
    let first = ask_once(move || read.run(None));
    provide_context(Columns { who });
    provide_context(read);
    view! { <Fetched of=first show=shown(|page| view! { <Rows page/> }.into_any())/> }.into_any()
}

#[derive(Clone, Copy)]
struct Columns {
    who: bool,
}

#[component]
fn Rows(page: Page<AuditView>) -> impl IntoView {
    let Columns { who } = expect_context();
    let read: Read = expect_context();
    let toasts = Toasts::get();
    let items = RwSignal::new(page.items);
    let next = RwSignal::new(page.next);
    let more = move |_| {
        let after = next.get_untracked();
        spawn_local(async move {
            match fetched::read::<Page<AuditView>>(read.run(after).await) {
                Ok(page) => {
                    items.update(|items| items.extend(page.items));
                    next.set(page.next);
                }
                Err(problem) => toasts.problem(&problem),
            }
        });
    };
    let some = move || items.with(|items| !items.is_empty());
    view! {
        <When when=some fallback=|| view! { <Empty glyph=Glyph::Scroll title="Nothing here" text="No event matches."/> }>
            <div class="table-wrap">
                <table class="table" data-testid="audit">
                    <thead><tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"What"</th>
                        {who.then(|| view! { <th scope="col">"Who"</th> })}
                        <th scope="col">"About"</th>
                        <th scope="col">"From"</th>
                        <th scope="col">"Detail"</th>
                    </tr></thead>
                    <tbody><For each=move || items.get() key=|event| event.seq let:event><Row event who/></For></tbody>
                </table>
            </div>
            <When when=move || next.with(Option::is_some)>
                <button r#type="button" class="btn" on:click=more data-testid="audit-more">"Show older"</button>
            </When>
        </When>
    }
    .into_any()
}

#[component]
fn Row(event: AuditView, who: bool) -> impl IntoView {
    let failed = event.outcome == Outcome::Failure;
    let dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    view! {
        <tr data-testid="audit-row" data-event=event.event.clone() data-outcome=if failed { "failure" } else { "success" }>
            <td><Ago at=event.at/></td>
            <td><span class="tag" class:tag-bad=failed title=event.event.clone()>{words(&event.event)}</span></td>
            {who.then(|| view! { <td>{dash(event.actor)}</td> })}
            <td class="wrap">{dash(event.target_name.or(event.target))}</td>
            <td class="num">{dash(event.address)}</td>
            <td class="wrap muted">{event.detail}</td>
        </tr>
    }
    .into_any()
}

/// `terminal_mfa_locked` as people read it.
fn words(event: &str) -> String {
    let text = event.replace('_', " ").replace("mfa", "MFA").replace("totp", "TOTP");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
