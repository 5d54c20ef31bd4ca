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
            <td><span class="tag" class:tag-bad=failed title=event.event.clone()>{words(&event.event)}</span> {failed.then(|| view! { <span class="tag tag-bad">"Refused"</span> })}</td>
            {who.then(|| view! { <td>{dash(event.actor)}</td> })}
            <td class="wrap">{dash(event.target_name.or(event.target))}</td>
            <td class="num">{dash(event.address)}</td>
            <td class="wrap muted">{event.detail.as_deref().map(spelled)}</td>
        </tr>
    }
    .into_any()
}

/// `sessions_ended=2 reason=wrong_code` as people read it; values stay as they were written.
fn spelled(detail: &str) -> String {
    let mut text = String::new();
    for part in detail.split(' ') {
        let (gap, part) = match part.split_once('=') {
            Some((name, value)) => (" · ", format!("{}: {value}", name.replace('_', " "))),
            None => (" ", part.to_owned()),
        };
        if !text.is_empty() {
            text.push_str(gap);
        }
        text.push_str(&part);
    }
    text
}

/// `terminal_mfa_locked` as people read it.
fn words(event: &str) -> String {
    let text = event.replace('_', " ").replace("mfa", "MFA").replace("totp", "TOTP");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn details_are_read_as_pairs() {
        assert_eq!(
            super::spelled("sessions_ended=2 name=my box reason=wrong_code"),
            "sessions ended: 2 · name: my box · reason: wrong_code"
        );
    }
}
