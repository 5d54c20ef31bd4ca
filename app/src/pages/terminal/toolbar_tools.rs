//! The buttons of the toolbar that act on the emulator or the page.

use leptos::prelude::*;

use super::context::{ConnectionState, TerminalContext};
use crate::{
    browser,
    components::{Glyph, Icon},
    mount::TerminalHandle,
    state::Hydrated,
};

/// The buttons.
#[component]
pub(super) fn Tools() -> impl IntoView {
    let ctx = TerminalContext::get();
    let connection = move || ctx.connection.get();
    // Printed output can be searched and copied while disconnected and after the shell exited.
    let no_output = Signal::derive(move || {
        use ConnectionState::{Connected, Exited, Reconnecting};
        !matches!(connection(), Connected | Reconnecting(_) | Exited(_))
    });
    let no_selection = Signal::derive(move || no_output.get() || !ctx.selected.get());
    let no_input = Signal::derive(move || connection() != ConnectionState::Connected);
    let search = move |()| ctx.searching.update(|open| *open = !*open);
    let copy = move |()| ctx.with(copy_selection);
    let paste = move |()| ctx.with(|terminal| terminal.paste_clipboard());
    view! {
        <ToolButton
            glyph=Glyph::Search
            label="Search (Ctrl+Shift+F)"
            disabled=no_output
            on_click=search
            testid="tool-search"
        />
        <ToolButton
            glyph=Glyph::Copy
            label="Copy"
            title="Copy (Ctrl+Shift+C)"
            disabled=no_selection
            on_click=copy
            testid="tool-copy"
        />
        <ToolButton
            glyph=Glyph::Paste
            label="Paste"
            title="Paste (Ctrl+Shift+V)"
            disabled=no_input
            on_click=paste
            testid="tool-paste"
        />
        <ToolButton
            glyph=Glyph::Minus
            label="Smaller text"
            show="room-only"
            disabled=no_output
            on_click=move |()| ctx.change_font(-1)
            testid="tool-smaller"
        />
        <ToolButton
            glyph=Glyph::Plus
            label="Larger text"
            show="room-only"
            disabled=no_output
            on_click=move |()| ctx.change_font(1)
            testid="tool-larger"
        />
        <ToolButton glyph=Glyph::Expand label="Full screen" on_click=|()| full_screen() testid="tool-fullscreen" />
        <SecurityButton />
    }
    .into_any()
}

/// An icon button.
#[component]
fn ToolButton(
    glyph: Glyph,
    label: &'static str,
    /// Tooltip, if it differs from the label.
    #[prop(optional)]
    title: Option<&'static str>,
    /// The class that hides the button in a narrow toolbar.
    #[prop(default = "wide-only")]
    show: &'static str,
    #[prop(into, optional)] disabled: Signal<bool>,
    #[prop(into)] on_click: Callback<()>,
    testid: &'static str,
) -> impl IntoView {
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="button"
            class=format!("btn btn-icon btn-ghost {show}")
            aria-label=label
            title=title.unwrap_or(label)
            disabled=move || pending() || disabled.get()
            on:click=move |_| on_click.run(())
            data-testid=testid
        >
            <Icon glyph />
        </button>
    }
    .into_any()
}

#[component]
fn SecurityButton() -> impl IntoView {
    let ctx = TerminalContext::get();
    let pending = Hydrated::pending();
    view! {
        <button
            r#type="button"
            class="btn btn-ghost wide-only"
            aria-label="Security"
            aria-expanded=move || ctx.panel.get().to_string()
            disabled=pending
            on:click=move |_| ctx.panel.update(|open| *open = !*open)
            data-testid="tool-security"
        >
            <Icon glyph=Glyph::Shield />
            <span class="room-only">"Security"</span>
        </button>
    }
    .into_any()
}

fn copy_selection(terminal: &dyn TerminalHandle) {
    let _ = terminal.copy_selection();
    terminal.focus();
}

fn full_screen() {
    let document = browser::document();
    if document.fullscreen_element().is_some() {
        document.exit_fullscreen();
    } else if let Ok(Some(workspace)) = document.query_selector(".workspace") {
        let _ = workspace.request_fullscreen();
    }
}
