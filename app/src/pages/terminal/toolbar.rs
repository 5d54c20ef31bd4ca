//! The terminal's toolbar: what it is, how it stands, what can be done.

use leptos::{html::Div, prelude::*};
use protocol::terminals::TerminalState;

use super::{
    lock_button::LockButton,
    session::{Link, Session},
};
use crate::{
    browser,
    components::{Glyph, Icon, LockBadge, StateDot, rove},
    pages::dashboard::{RenameDialog, TerminalActions},
    state::Hydrated,
};

/// The controls of the bar itself, not those of the dialogs it opens.
const CONTROLS: &str = ":is(.toolbar-part, .toolbar-part > .menu) > .btn:not(:disabled)";

/// The bar.
#[component]
pub(super) fn Toolbar() -> impl IntoView {
    let session = Session::get();
    let name = move || session.terminal.with(|t| t.as_ref().map(|t| t.name.to_string()).unwrap_or_default());
    let state = Signal::derive(move || session.state().unwrap_or(TerminalState::Deleting));
    let renaming = RwSignal::new(false);
    let bar = NodeRef::<Div>::new();
    rove(bar, CONTROLS);
    view! {
        <div node_ref=bar class="toolbar" role="toolbar" aria-label="Terminal">
            <div class="toolbar-part toolbar-what">
                <a class="btn btn-icon btn-ghost" href="/" aria-label="To the terminals" title="To the terminals"><Icon glyph=Glyph::Back/></a>
                <StateDot state/>
                <h1 class="toolbar-name" title=name data-testid="terminal-name">{name}</h1>
                <LockBadge state=session.lock/>
            </div>
            <div class="toolbar-part toolbar-facts"><Facts/></div>
            <div class="toolbar-part toolbar-tools">
                <Tools/>
                <LockButton id=session.id/>
                <TerminalActions id=session.id renaming more=Hidden/>
            </div>
        </div>
        <RenameDialog id=session.id open=renaming/>
    }
    .into_any()
}

/// The tools that a narrow bar has no room for, in its menu. Made each time the menu opens, so that keys never meet an
/// item that is not shown.
#[component]
fn Hidden() -> impl IntoView {
    type Tool = (Glyph, &'static str, &'static str, fn(Session));
    const PHONE: &[Tool] = &[
        (Glyph::Search, "Search", "menu-search", |session| session.searching.set(true)),
        (Glyph::Paste, "Paste", "menu-paste", |session| session.with(|t| t.paste_clipboard())),
        (Glyph::Shield, "Security", "menu-security", |session| session.panel.set(true)),
    ];
    // A finger selects nothing that the button of the bar could copy.
    const FINGER: &[Tool] = &[(Glyph::Copy, "Copy", "menu-copy", |session| session.with(|t| t.copy_shown()))];
    const NARROW: &[Tool] = &[
        (Glyph::Minus, "Smaller text", "menu-smaller", |session| session.set_font(-1)),
        (Glyph::Plus, "Larger text", "menu-larger", |session| session.set_font(1)),
    ];
    let session = Session::get();
    let fits = |query, tools: &'static [Tool]| if browser::matches(query) { tools } else { &[] };
    let tools = [
        fits("(pointer: coarse), (width < 640px)", FINGER),
        fits("(width < 640px)", PHONE),
        fits("(width < 1000px)", NARROW),
    ];
    tools
        .concat()
        .into_iter()
        .map(|(glyph, label, testid, run)| {
            view! {
                <button r#type="button" class="menu-item" role="menuitem" on:click=move |_| run(session) data-testid=testid><Icon glyph/>{label}</button>
            }
        })
        .collect_view()
        .into_any()
}

/// Size and round trip.
#[component]
fn Facts() -> impl IntoView {
    let session = Session::get();
    let live = move || session.link.get() == Link::Live;
    let size = move || session.size.get().filter(|_| live()).map(|(cols, rows)| format!("{cols}×{rows}"));
    let latency = move || session.latency.get().filter(|_| live());
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
        <span class="num muted small" title="Columns × rows" data-testid="size">{size}</span>
        <span class=quality title="Round trip to the server" data-testid="latency"><span class="num small">{text}</span></span>
    }
    .into_any()
}

/// Buttons that work on what the terminal shows, or on the terminal itself.
#[component]
fn Tools() -> impl IntoView {
    let session = Session::get();
    let pending = Hydrated::pending();
    // What was printed can be searched and copied while the connection is away and after the shell ended.
    let off = move || pending() || !matches!(session.link.get(), Link::Live | Link::Waiting(_) | Link::Ended(_));
    let tool = move |glyph: Glyph, label: &'static str, testid: &'static str, room: &str, run: Box<dyn Fn() + Send>| {
        let class = format!("btn btn-icon btn-ghost {room}");
        view! {
            <button r#type="button" class=class aria-label=label title=label disabled=off on:click=move |_| run() data-testid=testid><Icon glyph/></button>
        }
    };
    let copy = move || {
        session.with(|t| {
            let _ = t.copy_selection();
            t.focus();
        })
    };
    let paste = move || session.with(|t| t.paste_clipboard());
    view! {
        {tool(Glyph::Search, "Search (Ctrl+Shift+F)", "tool-search", "wide-only", Box::new(move || session.searching.update(|on| *on = !*on)))}
        <button r#type="button" class="btn btn-icon btn-ghost wide-only" aria-label="Copy" title="Copy (Ctrl+Shift+C)" disabled=move || off() || !session.selected.get() on:click=move |_| copy() data-testid="tool-copy"><Icon glyph=Glyph::Copy/></button>
        <button r#type="button" class="btn btn-icon btn-ghost wide-only" aria-label="Paste" title="Paste (Ctrl+Shift+V)" disabled=move || pending() || session.link.get() != Link::Live on:click=move |_| paste() data-testid="tool-paste"><Icon glyph=Glyph::Paste/></button>
        {tool(Glyph::Minus, "Smaller text", "tool-smaller", "room-only", Box::new(move || session.set_font(-1)))}
        {tool(Glyph::Plus, "Larger text", "tool-larger", "room-only", Box::new(move || session.set_font(1)))}
        <button r#type="button" class="btn btn-icon btn-ghost wide-only" aria-label="Full screen" title="Full screen" disabled=pending on:click=move |_| full_screen() data-testid="tool-fullscreen"><Icon glyph=Glyph::Expand/></button>
        <button r#type="button" class="btn btn-ghost wide-only" aria-label="Security" aria-expanded=move || session.panel.get().to_string() disabled=pending on:click=move |_| session.panel.update(|open| *open = !*open) data-testid="tool-security"><Icon glyph=Glyph::Shield/><span class="room-only">"Security"</span></button>
    }
    .into_any()
}

fn full_screen() {
    let document = browser::document();
    if document.fullscreen_element().is_some() {
        document.exit_fullscreen();
    } else if let Ok(Some(workspace)) = document.query_selector(".workspace") {
        let _ = workspace.request_fullscreen();
    }
}
