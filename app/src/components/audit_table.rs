//! Audit events as a table.

use leptos::prelude::*;
use protocol::{
    Page,
    admin::{AuditView, Outcome},
    audit::AuditEvent,
};

use super::{AbsoluteTime, ListSource, Listing};
use crate::api::Read;

/// The table.
#[component]
pub(crate) fn AuditTable(
    /// Reads one page of events.
    read: Callback<Option<String>, Read<Page<AuditView>>>,
    /// Show the actor.
    show_actor: bool,
    /// Shown when there are no events.
    #[prop(into)]
    empty: ViewFn,
) -> impl IntoView {
    let columns: &[&str] = if show_actor {
        &["When", "What", "Who", "About", "From", "Detail"]
    } else {
        &["When", "What", "About", "From", "Detail"]
    };
    let source =
        ListSource::new(move |after| read.run(after), move |event| view! { <Row event show_actor /> }.into_any());
    view! { <Listing source columns empty testid="audit" /> }.into_any()
}

#[component]
fn Row(event: AuditView, show_actor: bool) -> impl IntoView {
    let failed = event.outcome == Outcome::Failure;
    let event_kind = AuditEvent::parse(&event.event);
    let title = event_kind.map_or(event.event.clone(), |event_kind| event_kind.title().to_owned());
    let rejected = failed && !event_kind.is_some_and(AuditEvent::is_failure);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    view! {
        <tr
            data-testid="audit-row"
            data-event=event.event.clone()
            data-outcome=if failed { "failure" } else { "success" }
        >
            <td data-label="When">
                <AbsoluteTime at=event.at />
            </td>
            <td class="lead">
                <span class="tag" class:tag-bad=failed title=event.event.clone()>
                    {title}
                </span>
                {rejected.then(|| view! { <span class="tag tag-bad">"Refused"</span> })}
            </td>
            {show_actor.then(|| view! { <td data-label="Who">{or_dash(event.actor)}</td> })}
            <td class="wrap" data-label="About">
                {or_dash(event.target_name.or(event.target))}
            </td>
            <td class="num" data-label="From">
                {or_dash(event.address)}
            </td>
            <td class="wrap muted" data-label="Detail">
                {event.detail.as_deref().map(format_detail)}
            </td>
        </tr>
    }
    .into_any()
}

/// Formats `sessions_ended=2 reason=wrong_code` as text. Zero and false values are left out; names are kept as they
/// are.
fn format_detail(detail: &str) -> String {
    let mut text = String::new();
    let mut skipped = false;
    for part in detail.split(' ') {
        let Some((name, value)) = part.split_once('=') else {
            if !skipped {
                text.push(' ');
                text.push_str(part);
            }
            continue;
        };
        skipped = matches!(value, "0" | "false");
        if skipped {
            continue;
        }
        if !text.is_empty() {
            text.push_str(" · ");
        }
        text.push_str(&name.replace('_', " "));
        if value != "true" {
            text.push_str(": ");
            let is_identifier = matches!(name, "reason" | "place");
            text.push_str(&if is_identifier { value.replace('_', " ") } else { value.to_owned() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::format_detail;

    #[test]
    fn details_are_formatted_as_pairs() {
        assert_eq!(
            format_detail("sessions_ended=2 name=my_box of mine reason=wrong_code"),
            "sessions ended: 2 · name: my_box of mine · reason: wrong code"
        );
    }

    #[test]
    fn zero_and_false_are_left_out() {
        assert_eq!(format_detail("sessions_ended=0 replaces=false locked=true"), "locked");
        assert_eq!(format_detail("sessions_ended=0"), "");
    }
}
