//! One terminal on the dashboard.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    TerminalId,
    terminals::{Stats, Terminal, TerminalState},
};

use super::{TerminalActions, actions::start, progress::StageLine, rename::RenameInPlace};
use crate::{
    api, browser,
    components::{Ago, Glyph, Icon, LockBadge, LockState, Meter, StateDot, When, dynamic},
    pages::terminal::LockButton,
    state::{Hydrated, Terminals},
};

/// The card of one terminal; follows its changes by itself.
#[component]
pub(super) fn Card(
    /// Which.
    id: TerminalId,
) -> impl IntoView {
    let terminals = Terminals::get();
    let terminal = Memo::new(move |_| terminals.one(id));
    let renaming = RwSignal::new(false);
    let name = Memo::new(move |_| terminal.with(|t| t.as_ref().map(|t| t.name.to_string()).unwrap_or_default()));
    let state = Memo::new(move |_| terminal.with(|t| t.as_ref().map_or(TerminalState::Deleting, |t| t.state)));
    let made_from = Memo::new(move |_| {
        terminal.with(|t| t.as_ref().map(|t| (t.image.to_string(), t.tier.to_string())).unwrap_or_default())
    });
    let lock = LockState::follow(terminal);
    view! {
        <li class="card" data-testid="card" data-id=id.to_string() data-name=move || name.get() data-state=move || state.get().as_str()>
            <div class="card-head">
                <StateDot state/>
                <When when=move || renaming.get() fallback=move || view! {
                    <a class="card-name" href=format!("/terminals/{id}") title=move || name.get() data-testid="card-open">{move || name.get()}</a>
                }>
                    <RenameInPlace id renaming/>
                </When>
                <TerminalActions id renaming/>
            </div>
            <p class="card-facts">
                <span class="chip"><Icon glyph=Glyph::Box/>{move || made_from.get().0}</span>
                <span class="chip"><Icon glyph=Glyph::Memory/>{move || made_from.get().1}</span>
                <LockBadge state=lock/>
            </p>
            <div class="card-body"><CardBody id terminal state/></div>
            <div class="card-foot">
                <span class="muted small">"Active " <Ago at=Signal::derive(move || last_active(terminal))/></span>
                <When when=move || startable(state.get()) fallback=move || view! { <LockButton id small=true/> }>
                    <StartButton id/>
                </When>
            </div>
        </li>
    }
    .into_any()
}

const fn startable(state: TerminalState) -> bool {
    matches!(state, TerminalState::Stopped | TerminalState::Failed)
}

#[component]
fn StartButton(id: TerminalId) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button r#type="button" class="btn btn-small" disabled=pending on:click=move |_| start(id) data-testid="card-start">
            <Icon glyph=Glyph::Play/>"Start"
        </button>
    }
    .into_any()
}

fn last_active(terminal: Memo<Option<Terminal>>) -> protocol::Timestamp {
    terminal.with(|t| t.as_ref().map_or(protocol::Timestamp::from_millis(0), |t| t.last_active_at))
}

/// What matters in the present state: use of resources, progress, or why it failed.
#[component]
fn CardBody(id: TerminalId, terminal: Memo<Option<Terminal>>, state: Memo<TerminalState>) -> impl IntoView {
    dynamic(move || match state.get() {
        TerminalState::Running => view! { <Usage id/> }.into_any(),
        TerminalState::Creating => view! { <StageLine id/> }.into_any(),
        TerminalState::Stopped => view! { <p class="muted small">"Stopped. The home folder is kept."</p> }.into_any(),
        TerminalState::Deleting => {
            view! { <p class="muted small">"Removing the container and its home folder…"</p> }.into_any()
        }
        TerminalState::Failed => {
            let why = terminal.with(|t| t.as_ref().and_then(|t| t.error.clone()));
            view! { <p class="card-error small">{why.unwrap_or_else(|| "It could not be started. Try again, or delete it.".to_owned())}</p> }.into_any()
        }
    })
}

/// CPU and memory, read every few seconds while the page is in front.
#[component]
fn Usage(id: TerminalId) -> impl IntoView {
    let stats = RwSignal::new(None::<Stats>);
    Effect::new(move |_| {
        let read = move || {
            if browser::document().hidden() {
                return;
            }
            spawn_local(async move {
                let answer = api::stats(id).await.ok();
                let _ = stats.try_set(answer);
            });
        };
        read();
        if let Ok(timer) = set_interval_with_handle(read, Duration::from_secs(5)) {
            on_cleanup(move || timer.clear());
        }
    });
    let cpu = Signal::derive(move || stats.get().map(|s| (u64::from(s.cpu_millis), u64::from(s.cpu_millis_limit))));
    let cpu_text = Signal::derive(move || {
        cpu.get()
            .map_or("–".to_owned(), |(used, limit)| format!("{} %", (used * 100).checked_div(limit).unwrap_or(0)))
    });
    let memory = Signal::derive(move || stats.get().map(|s| (s.memory_bytes, s.memory_bytes_limit)));
    let memory_text = Signal::derive(move || {
        memory.get().map_or("–".to_owned(), |(used, limit)| format!("{} / {}", bytes(used), bytes(limit)))
    });
    view! {
        <div class="meters">
            <Meter label="CPU" glyph=Glyph::Cpu value=cpu text=cpu_text/>
            <Meter label="Memory" glyph=Glyph::Memory value=memory text=memory_text/>
        </div>
    }
    .into_any()
}

/// Thousandths of a core as people write them: `0.5 cores`, `1 core`.
pub(crate) fn cores(millis: u32) -> String {
    match (millis / 1000, millis % 1000 / 100) {
        (1, 0) => "1 core".to_owned(),
        (whole, 0) => format!("{whole} cores"),
        (whole, tenth) => format!("{whole}.{tenth} cores"),
    }
}

/// Bytes as people write them.
pub(crate) fn bytes(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..MIB => format!("{} kB", bytes / 1024),
        MIB..0x4000_0000 => format!("{} MB", bytes / MIB),
        _ => match (bytes / 1024 / MIB, bytes / MIB % 1024 * 10 / 1024) {
            (whole, 0) => format!("{whole} GB"),
            (whole, tenth) => format!("{whole}.{tenth} GB"),
        },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_core_is_one() {
        for (millis, text) in [(500, "0.5 cores"), (1000, "1 core"), (1500, "1.5 cores"), (4000, "4 cores")] {
            assert_eq!(super::cores(millis), text);
        }
    }

    #[test]
    fn bytes_are_short() {
        for (bytes, text) in [(12, "12 B"), (2048, "2 kB"), (64 << 20, "64 MB"), (4 << 30, "4 GB"), (3 << 29, "1.5 GB")]
        {
            assert_eq!(super::bytes(bytes), text);
        }
    }
}
