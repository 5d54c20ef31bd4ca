//! A row of keys that phones do not have. Shown on touch screens only.

use leptos::prelude::*;

use super::session::{Link, Session};
use crate::{components::When, mount::Key};

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

/// The row. Pressing a key leaves the keyboard where it is, so that the phone's own stays open.
#[component]
pub(super) fn KeyRow() -> impl IntoView {
    let session = Session::get();
    let live = Memo::new(move |_| session.link.get() == Link::Live);
    let arm = move |_| {
        session.ctrl.update(|armed| *armed = !*armed);
        let armed = session.ctrl.get_untracked();
        session.with(|terminal| terminal.arm_ctrl(armed));
    };
    view! {
        <When when=move || live.get()>
            <div class="keyrow" role="toolbar" aria-label="Keys" data-testid="key-row" on:mousedown=|event| event.prevent_default()>
                <button r#type="button" class="key" aria-pressed=move || session.ctrl.get().to_string() on:click=arm>"Ctrl"</button>
                {ROW.into_iter().map(|(face, label, key)| view! {
                    <button r#type="button" class="key" aria-label=label on:click=move |_| session.with(|terminal| terminal.press(key))>{face}</button>
                }).collect_view()}
            </div>
        </When>
    }
    .into_any()
}
