//! Server, database, engine and host, as checked by the server.

use leptos::prelude::*;
use protocol::admin::{Finding, Level, System};

use crate::{
    api,
    components::{Fetch, Fetched, Glyph, Icon, RelativeTime, Section},
};

/// The section.
#[component]
pub(super) fn SystemPage() -> impl IntoView {
    let fetch = Fetch::new(api::admin_system, |system| view! { <Report system /> }.into_any());
    view! {
        <Section
            title="System"
            lead="What this server found on its host. Nothing is assumed: each line was looked at."
            testid="admin-system"
        >
            <Fetched fetch />
        </Section>
    }
    .into_any()
}

#[component]
fn Report(system: System) -> impl IntoView {
    let mut findings = system.findings;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    view! {
        <dl class="box facts">
            <div>
                <dt>"Rexec"</dt>
                <dd>{system.version}</dd>
            </div>
            <div>
                <dt>"Database"</dt>
                <dd>{system.database}</dd>
            </div>
            <div>
                <dt>"Started"</dt>
                <dd>
                    <RelativeTime at=system.started_at />
                </dd>
            </div>
            <div>
                <dt>"Open terminal views"</dt>
                <dd class="num">{system.viewers}</dd>
            </div>
        </dl>
        <ul class="list">{findings.into_iter().map(|finding| view! { <Row finding /> }).collect_view()}</ul>
    }
    .into_any()
}

#[component]
fn Row(finding: Finding) -> impl IntoView {
    let (class, glyph, word) = match finding.level {
        Level::Good => ("tag tag-good", Glyph::Check, "Good"),
        Level::Warning => ("tag tag-warning", Glyph::Warning, "Weaker"),
        Level::Broken => ("tag tag-bad", Glyph::Close, "Broken"),
    };
    view! {
        <li class="list-row" data-testid="finding" data-finding=finding.id data-level=word>
            <div class="list-main">
                <p class="list-title">{finding.title}</p>
                <p class="muted small">{finding.seen}</p>
                {finding.advice.map(|advice| view! { <p class="small">{advice}</p> })}
            </div>
            <span class=class>
                <Icon glyph />
                {word}
            </span>
        </li>
    }
    .into_any()
}
