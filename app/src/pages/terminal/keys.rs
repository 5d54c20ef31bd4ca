//! A row of keys that on-screen keyboards lack. Shown on touch screens only.

use leptos::prelude::*;

use super::context::{ConnectionState, TerminalContext};
use crate::{components::Show, mount::Key};

const ROW: [(&str, &str, Key); 11] = [
    ("Esc", "Escape", Key::Escape),
    ("Tab", "Tab", Key::Tab),
    ("←", "Left", Key::Left),
    ("↓", "Down", Key::Down),
    ("↑", "Up", Key::Up),
    ("→", "Right", Key::Right),
    ("/", "Slash", Key::Char('/')),
    ("-", "Dash", Key::Char('-')),
    ("|", "Pipe", Key::Char('|')),
    ("~", "Tilde", Key::Char('~')),
    ("$", "Dollar", Key::Char('$')),
];

/// The row. Pressing a key keeps the focus, so that the on-screen keyboard stays open.
#[component]
pub(super) fn KeyRow() -> impl IntoView {
    let ctx = TerminalContext::get();
    let live = Memo::new(move |_| ctx.connection.get() == ConnectionState::Connected);
    let arm = move |_| {
        ctx.ctrl.update(|armed| *armed = !*armed);
        let armed = ctx.ctrl.get_untracked();
        ctx.with(|terminal| terminal.arm_ctrl(armed));
    };
    view! {
        <Show when=move || live.get()>
            <div
                class="keyrow"
                role="toolbar"
                aria-label="Keys"
                data-testid="key-row"
                on:mousedown=|event| event.prevent_default()
            >
                <button r#type="button" class="key" aria-pressed=move || ctx.ctrl.get().to_string() on:click=arm>
                    "Ctrl"
                </button>
                {ROW
                    .into_iter()
                    .map(|(button, label, key)| {
                        view! {
                            <button
                                r#type="button"
                                class="key"
                                aria-label=label
                                on:click=move |_| ctx.with(|terminal| terminal.press(key))
                            >
                                {button}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
        </Show>
    }
    .into_any()
}
