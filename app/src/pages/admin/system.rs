//! What the doctor sees: the server, its database, its engine, and what the host offers.

use leptos::prelude::*;
use protocol::admin::{Finding, Level, System};

use crate::{
    api,
    components::{Ago, Fetched, Glyph, Icon, Section, ask_once, shown},
};

/// The section.
#[component]
pub(super) fn SystemPage() -> impl IntoView {
    let system = ask_once(|| api::text::admin_system());
    view! {
        <Section title="System" lead="What this server found on its host. Nothing is assumed: each line was looked at." testid="admin-system">
            <Fetched of=system show=shown(|system| view! { <Report system/> }.into_any())/>
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
            <div><dt>"Rexec"</dt><dd>{system.version}</dd></div>
            <div><dt>"Database"</dt><dd>{system.database}</dd></div>
            <div><dt>"Started"</dt><dd><Ago at=system.started_at/></dd></div>
            <div><dt>"Open terminal views"</dt><dd class="num">{system.viewers}</dd></div>
        </dl>
        <ul class="list">{findings.into_iter().map(|finding| view! { <Row finding/> }).collect_view()}</ul>
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
            <span class=class><Icon glyph/>{word}</span>
        </li>
    }
    .into_any()
}
