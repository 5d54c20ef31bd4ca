//! CPU and memory of a running terminal.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use protocol::{TerminalId, terminals::Stats};

use super::units::format_bytes;
use crate::{
    api, browser,
    components::{Glyph, Meter},
};

/// How often the figures are read while the page is visible.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// The two meters.
#[component]
pub(crate) fn Usage(
    /// Id of the terminal.
    id: TerminalId,
) -> impl IntoView {
    let stats = RwSignal::new(None::<Stats>);
    Effect::new(move |_| {
        let read = move || {
            if browser::document().hidden() {
                return;
            }
            spawn_local(async move {
                let result = api::stats(id).await.ok();
                let _ = stats.try_set(result);
            });
        };
        read();
        if let Ok(timer) = set_interval_with_handle(read, POLL_INTERVAL) {
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
        memory
            .get()
            .map_or("–".to_owned(), |(used, limit)| format!("{} / {}", format_bytes(used), format_bytes(limit)))
    });
    view! {
        <div class="meters">
            <Meter label="CPU" glyph=Glyph::Cpu value=cpu text=cpu_text />
            <Meter label="Memory" glyph=Glyph::Memory value=memory text=memory_text />
        </div>
    }
    .into_any()
}
