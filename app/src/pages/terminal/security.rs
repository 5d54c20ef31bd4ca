//! The Security panel: each control of the profile as requested, as verified from outside and from inside.

use leptos::{ev::KeyboardEvent, prelude::*};
use protocol::security::{SecurityReport, SecurityRow, Verdict};

use super::context::TerminalContext;
use crate::{
    api, browser,
    components::{CopyButton, Glyph, Icon, Loading, ProblemNote, RelativeTime, Show, dynamic},
    state::on_demand,
};

/// The panel. The report is loaded each time it opens.
#[component]
pub(super) fn SecurityPanel() -> impl IntoView {
    let ctx = TerminalContext::get();
    let close = move || {
        ctx.panel.set(false);
        browser::focus_next_frame("[data-testid=tool-security]");
    };
    Effect::new(move |_| {
        if ctx.panel.get() {
            browser::focus_next_frame(".panel");
        }
    });
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    view! {
        <Show when=move || ctx.panel.get()>
            <aside class="panel" aria-label="Security" tabindex="-1" on:keydown=keys data-testid="security-panel">
                <header class="panel-head">
                    <h2>"Security"</h2>
                    <button r#type="button" class="btn btn-icon btn-ghost" aria-label="Close" on:click=move |_| close()>
                        <Icon glyph=Glyph::Close />
                    </button>
                </header>
                <Report />
            </aside>
        </Show>
    }
    .into_any()
}

#[component]
fn Report() -> impl IntoView {
    let id = TerminalContext::get().id;
    let report = on_demand(move || api::security(id));
    dynamic(move || match report.get() {
        None => view! { <Loading rows=6 /> }.into_any(),
        Some(Err(problem)) => view! { <ProblemNote problem=Some(problem) /> }.into_any(),
        Some(Ok(report)) => view! { <Rows report /> }.into_any(),
    })
}

#[component]
fn Rows(mut report: SecurityReport) -> impl IntoView {
    // Controls that need attention come first, otherwise the order of the profile is kept.
    report.rows.sort_by_key(|row| match row.verdict {
        Verdict::Differs => 0,
        Verdict::NotInForce => 1,
        Verdict::Unknown => 2,
        Verdict::Verified => 3,
    });
    let score = format!("{}.{}", report.score_tenths / 10, report.score_tenths % 10);
    let verified = report.rows.iter().filter(|row| row.verdict == Verdict::Verified).count();
    let summary = format!("{verified} of {} rows verified", report.rows.len());
    view! {
        <div class="score">
            <p class="score-figure num">
                <strong>{score}</strong>
                " / 10"
            </p>
            <div>
                <p>"Profile " <strong>{report.profile}</strong> ", " {summary}</p>
                <p class="muted small">
                    "Counted from what was seen, not from what was asked for. Looked at " <RelativeTime at=report.at />
                    "."
                </p>
            </div>
        </div>
        <ul class="rows">{report.rows.into_iter().map(|row| view! { <Row row /> }).collect_view()}</ul>
        <h3>"Check by hand"</h3>
        <p class="muted small">"Run these in the terminal; what they print is what the rows say."</p>
        <ul class="commands">
            {report
                .commands
                .into_iter()
                .map(|command| {
                    view! {
                        <li>
                            <code>{command.clone()}</code>
                            <CopyButton text=command />
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

#[component]
fn Row(row: SecurityRow) -> impl IntoView {
    let (class, glyph, word) = match row.verdict {
        Verdict::Verified => ("row row-verified", Glyph::Check, "Verified"),
        Verdict::NotInForce => ("row row-absent", Glyph::Minus, "Not in force"),
        Verdict::Differs => ("row row-differs", Glyph::Warning, "Differs"),
        Verdict::Unknown => ("row", Glyph::Clock, "Not looked at"),
    };
    let fact = |label: &'static str, text: Option<String>| {
        text.map(|text| {
            view! {
                <div>
                    <dt>{label}</dt>
                    <dd>{text}</dd>
                </div>
            }
        })
    };
    view! {
        <li class=class data-testid="security-row" data-row=row.id data-verdict=word>
            <details>
                <summary>
                    <span class="row-mark">
                        <Icon glyph />
                    </span>
                    <span class="row-title">{row.title}</span>
                    <span class="row-word small">{word}</span>
                </summary>
                <dl class="row-facts">
                    {fact("Asked for", Some(row.asked))} {fact("Seen from outside", row.outside)}
                    {fact("Seen from inside", row.inside)}
                </dl>
                <p class="muted small">{row.note}</p>
            </details>
        </li>
    }
    .into_any()
}
