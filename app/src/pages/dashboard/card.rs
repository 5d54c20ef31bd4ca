//! One terminal on the dashboard.

use leptos::prelude::*;
use protocol::{
    TerminalId,
    terminals::{Phase, Terminal},
};

use crate::{
    components::{
        Glyph, Icon, RelativeTime, Show, dynamic,
        terminal::{
            LockBadge, LockButton, LockState, ProgressLine, RenameInPlace, StateDot, TerminalActions, Usage, start,
        },
    },
    state::{Hydrated, Terminals},
};

/// The card of one terminal.
#[component]
pub(super) fn Card(
    /// Id of the terminal.
    id: TerminalId,
) -> impl IntoView {
    let terminals = Terminals::get();
    let terminal = Memo::new(move |_| terminals.find(id));
    let renaming = RwSignal::new(false);
    let name = Memo::new(move |_| terminal.with(|t| t.as_ref().map(|t| t.name.to_string()).unwrap_or_default()));
    let phase = Memo::new(move |_| terminal.with(|t| t.as_ref().map_or(Phase::Deleting, |t| t.phase)));
    view! {
        <li
            class="card"
            data-testid="card"
            data-id=id.to_string()
            data-name=move || name.get()
            data-state=move || phase.get().state().as_str()
        >
            <div class="card-head">
                <StateDot phase />
                <Show
                    when=move || renaming.get()
                    fallback=move || {
                        view! {
                            <a
                                class="card-name"
                                href=format!("/terminals/{id}")
                                title=move || name.get()
                                data-testid="card-open"
                            >
                                {move || name.get()}
                            </a>
                        }
                    }
                >
                    <RenameInPlace id renaming />
                </Show>
                <TerminalActions id renaming />
            </div>
            <Facts terminal />
            <div class="card-body">
                <CardBody id terminal phase />
            </div>
            <div class="card-foot">
                <span class="muted small">
                    "Active " <RelativeTime at=Signal::derive(move || last_active(terminal)) />
                </span>
                <Show when=move || startable(phase.get()) fallback=move || view! { <LockButton id small=true /> }>
                    <StartButton id />
                </Show>
            </div>
        </li>
    }
    .into_any()
}

/// Image, tier and lock.
#[component]
fn Facts(terminal: Memo<Option<Terminal>>) -> impl IntoView {
    let source = Memo::new(move |_| {
        terminal.with(|t| t.as_ref().map(|t| (t.image.to_string(), t.tier.to_string())).unwrap_or_default())
    });
    let lock = LockState::follow(terminal);
    view! {
        <p class="card-facts">
            <span class="chip">
                <Icon glyph=Glyph::Box />
                {move || source.get().0}
            </span>
            <span class="chip">
                <Icon glyph=Glyph::Memory />
                {move || source.get().1}
            </span>
            <LockBadge state=lock />
        </p>
    }
    .into_any()
}

const fn startable(phase: Phase) -> bool {
    matches!(phase, Phase::Stopped | Phase::Paused | Phase::Failed)
}

#[component]
fn StartButton(id: TerminalId) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="button"
            class="btn btn-small"
            disabled=pending
            on:click=move |_| start(id)
            data-testid="card-start"
        >
            <Icon glyph=Glyph::Play />
            "Start"
        </button>
    }
    .into_any()
}

fn last_active(terminal: Memo<Option<Terminal>>) -> protocol::Timestamp {
    terminal.with(|t| t.as_ref().map_or(protocol::Timestamp::from_millis(0), |t| t.last_active_at))
}

/// What the phase calls for: usage, progress, or the error.
#[component]
fn CardBody(id: TerminalId, terminal: Memo<Option<Terminal>>, phase: Memo<Phase>) -> impl IntoView {
    dynamic(move || match phase.get() {
        Phase::Running => view! { <Usage id /> }.into_any(),
        Phase::Pending | Phase::Starting => view! { <ProgressLine id /> }.into_any(),
        Phase::Stopping | Phase::Stopped | Phase::Paused => {
            let text = match phase.get() {
                Phase::Stopping => "Stopping. The home folder is kept.",
                Phase::Paused => "Paused on the engine. Its processes continue when it starts.",
                _ => "Stopped. The home folder is kept.",
            };
            view! { <p class="muted small">{text}</p> }.into_any()
        }
        Phase::Deleting => {
            view! { <p class="muted small">"Removing the container and its home folder…"</p> }.into_any()
        }
        Phase::Failed => {
            let reason = terminal.with(|t| t.as_ref().and_then(|t| t.error.clone()));
            view! {
                <p class="card-error small">
                    {reason.unwrap_or_else(|| "It could not be started. Try again, or delete it.".to_owned())}
                </p>
            }
            .into_any()
        }
    })
}
