//! The toolbar of the terminal page: name, state, connection, actions.

use leptos::{html::Div, prelude::*};
use protocol::terminals::Phase;

use super::{
    context::{ConnectionState, TerminalContext},
    toolbar_tools::Tools,
};
use crate::{
    browser,
    components::{
        Glyph, Icon, MenuItem, roving_tabindex,
        terminal::{LockBadge, LockButton, StateDot, TerminalActions},
    },
};

/// The controls of the bar, without those of the dialogs it contains.
const CONTROLS: &str = ":is(.toolbar-part, .toolbar-part > .menu) > .btn:not(:disabled)";

/// The toolbar.
#[component]
pub(super) fn Toolbar() -> impl IntoView {
    let ctx = TerminalContext::get();
    let name = move || ctx.terminal.with(|t| t.as_ref().map(|t| t.name.to_string()).unwrap_or_default());
    let phase = Signal::derive(move || ctx.phase().unwrap_or(Phase::Deleting));
    let bar = NodeRef::<Div>::new();
    roving_tabindex(bar, CONTROLS);
    view! {
        <div node_ref=bar class="toolbar" role="toolbar" aria-label="Terminal">
            <div class="toolbar-part toolbar-what">
                <a class="btn btn-icon btn-ghost" href="/" aria-label="To the terminals" title="To the terminals">
                    <Icon glyph=Glyph::Back />
                </a>
                <StateDot phase />
                <h1 class="toolbar-name" title=name data-testid="terminal-name">
                    {name}
                </h1>
                <LockBadge state=ctx.lock />
            </div>
            <div class="toolbar-part toolbar-facts">
                <Facts />
            </div>
            <div class="toolbar-part toolbar-tools">
                <Tools />
                <LockButton id=ctx.id />
                <TerminalActions id=ctx.id more=HiddenTools />
            </div>
        </div>
    }
    .into_any()
}

/// Menu items for the tools that a narrow toolbar hides. Rendered each time the menu opens, so that arrow keys reach
/// visible items only.
#[component]
fn HiddenTools() -> impl IntoView {
    type Tool = (Glyph, &'static str, &'static str, fn(TerminalContext));
    const PHONE: &[Tool] = &[
        (Glyph::Search, "Search", "menu-search", |ctx| ctx.searching.set(true)),
        (Glyph::Paste, "Paste", "menu-paste", |ctx| ctx.with(|t| t.paste_clipboard())),
        (Glyph::Shield, "Security", "menu-security", |ctx| ctx.panel.set(true)),
    ];
    // Text cannot be selected by touch, so this item copies the visible lines.
    const TOUCH: &[Tool] = &[(Glyph::Copy, "Copy", "menu-copy", |ctx| ctx.with(|t| t.copy_visible()))];
    const NARROW: &[Tool] = &[
        (Glyph::Minus, "Smaller text", "menu-smaller", |ctx| ctx.change_font(-1)),
        (Glyph::Plus, "Larger text", "menu-larger", |ctx| ctx.change_font(1)),
    ];
    let ctx = TerminalContext::get();
    let tools_if = |query, tools: &'static [Tool]| if browser::media_matches(query) { tools } else { &[] };
    let tools = [
        tools_if("(pointer: coarse), (width < 640px)", TOUCH),
        tools_if("(width < 640px)", PHONE),
        tools_if("(width < 1000px)", NARROW),
    ];
    tools
        .concat()
        .into_iter()
        .map(|(glyph, label, testid, run)| {
            view! {
                <MenuItem glyph on_click=move |()| run(ctx) testid>
                    {label}
                </MenuItem>
            }
        })
        .collect_view()
        .into_any()
}

/// Size and latency.
#[component]
fn Facts() -> impl IntoView {
    let ctx = TerminalContext::get();
    let live = move || ctx.connection.get() == ConnectionState::Connected;
    let size = move || ctx.size.get().filter(|_| live()).map(|(cols, rows)| format!("{cols}×{rows}"));
    let latency = move || ctx.latency.get().filter(|_| live());
    let quality = move || match latency() {
        Some(0..=800) => "latency latency-good",
        Some(801..=2500) => "latency latency-fair",
        Some(_) => "latency latency-poor",
        None => "latency",
    };
    let text = move || {
        latency().map(|tenths| {
            if tenths < 100 { format!("{}.{} ms", tenths / 10, tenths % 10) } else { format!("{} ms", tenths / 10) }
        })
    };
    view! {
        <span class="num muted small" title="Columns × rows" data-testid="size">
            {size}
        </span>
        <span class=quality title="Round trip to the server" data-testid="latency">
            <span class="num small">{text}</span>
        </span>
    }
    .into_any()
}
