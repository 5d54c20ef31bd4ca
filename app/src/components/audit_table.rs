//! Events of the audit trail as a table that grows downwards.

use leptos::prelude::*;
use protocol::admin::{AuditView, Outcome};

use super::{
    Ago, Empty, Glyph, Listing,
    listing::{Read, rows},
};

/// The table.
#[component]
pub(crate) fn AuditTable(
    /// Reads the page after a cursor.
    #[prop(into)]
    read: Read,
    /// Show who did it.
    who: bool,
) -> impl IntoView {
    let columns: &[&str] = if who {
        &["When", "What", "Who", "About", "From", "Detail"]
    } else {
        &["When", "What", "About", "From", "Detail"]
    };
    let none = || view! { <Empty glyph=Glyph::Scroll title="Nothing here" text="No event matches."/> };
    let rows = rows(move |event| view! { <Row event who/> }.into_any());
    view! { <Listing read rows columns none testid="audit"/> }.into_any()
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
