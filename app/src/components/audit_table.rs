//! Events of the audit trail as a table that grows downwards.

use leptos::prelude::*;
use protocol::{
    admin::{AuditView, Outcome},
    audit::AuditEvent,
};

use super::{
    Exact, Listing,
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
    /// What stands there while there is nothing.
    #[prop(into)]
    none: ViewFn,
) -> impl IntoView {
    let columns: &[&str] = if who {
        &["When", "What", "Who", "About", "From", "Detail"]
    } else {
        &["When", "What", "About", "From", "Detail"]
    };
    let rows = rows(move |event| view! { <Row event who/> }.into_any());
    view! { <Listing read rows columns none testid="audit"/> }.into_any()
}

#[component]
fn Row(event: AuditView, who: bool) -> impl IntoView {
    let failed = event.outcome == Outcome::Failure;
    let known = AuditEvent::parse(&event.event);
    let title = known.map_or(event.event.clone(), |known| known.title().to_owned());
    let refused = failed && !known.is_some_and(AuditEvent::is_failure);
    let dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    view! {
        <tr data-testid="audit-row" data-event=event.event.clone() data-outcome=if failed { "failure" } else { "success" }>
            <td data-label="When"><Exact at=event.at/></td>
            <td class="lead"><span class="tag" class:tag-bad=failed title=event.event.clone()>{title}</span> {refused.then(|| view! { <span class="tag tag-bad">"Refused"</span> })}</td>
            {who.then(|| view! { <td data-label="Who">{dash(event.actor)}</td> })}
            <td class="wrap" data-label="About">{dash(event.target_name.or(event.target))}</td>
            <td class="num" data-label="From">{dash(event.address)}</td>
            <td class="wrap muted" data-label="Detail">{event.detail.as_deref().map(spelled)}</td>
        </tr>
    }
    .into_any()
}

/// `sessions_ended=2 reason=wrong_code` as people read it. What did not happen is left out; names of people and things
/// stay as they were written.
fn spelled(detail: &str) -> String {
    let mut text = String::new();
    let mut left_out = false;
    for part in detail.split(' ') {
        let Some((name, value)) = part.split_once('=') else {
            if !left_out {
                text.push(' ');
                text.push_str(part);
            }
            continue;
        };
        left_out = matches!(value, "0" | "false");
        if left_out {
            continue;
        }
        if !text.is_empty() {
            text.push_str(" · ");
        }
        text.push_str(&name.replace('_', " "));
        if value != "true" {
            text.push_str(": ");
            let word = matches!(name, "reason" | "place");
            text.push_str(&if word { value.replace('_', " ") } else { value.to_owned() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn details_are_read_as_pairs() {
        assert_eq!(
            spelled("sessions_ended=2 name=my_box of mine reason=wrong_code"),
            "sessions ended: 2 · name: my_box of mine · reason: wrong code"
        );
    }

    #[test]
    fn what_did_not_happen_is_left_out() {
        assert_eq!(spelled("sessions_ended=0 replaces=false locked=true"), "locked");
        assert_eq!(spelled("sessions_ended=0"), "");
    }
}
