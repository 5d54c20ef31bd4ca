//! A group of controls that is a single tab stop; arrow keys, Home and End move inside it (ARIA APG, toolbar pattern).

use leptos::{html::Div, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::browser;

/// Makes `bar` a single tab stop; `controls` selects its controls. The tab index is set on each relevant key, before
/// the browser handles it, so controls may appear, disappear or be disabled at any time.
pub(crate) fn roving_tabindex(bar: NodeRef<Div>, controls: &'static str) {
    Effect::new(move |_| {
        browser::on_document("keydown", move |event| {
            let event = event.unchecked_into();
            // Checked first, because keys for the terminal arrive here as well and reading the visible controls forces
            // a layout.
            let Some(step) = step_of(&event) else { return };
            if let Some(bar) = bar.try_get_untracked().flatten() {
                move_focus(&browser::query_all(&bar, controls), step, &event);
            }
        });
    });
}

/// Step of a key: 0 for Tab, which only sets the tab index; the extremes of `i32` for Home and End.
fn step_of(event: &KeyboardEvent) -> Option<i32> {
    if event.default_prevented() || event.alt_key() || event.ctrl_key() || event.meta_key() {
        return None;
    }
    Some(match event.key().as_str() {
        "Tab" => 0,
        "ArrowRight" => 1,
        "ArrowLeft" => -1,
        "Home" => i32::MIN,
        "End" => i32::MAX,
        _ => return None,
    })
}

fn move_focus(controls: &[HtmlElement], step: i32, event: &KeyboardEvent) {
    let visible: Vec<_> = controls.iter().filter(|control| control.offset_width() > 0).collect();
    let active = browser::document().active_element();
    let at = visible.iter().position(|control| active.as_ref() == Some(&***control));
    let last = visible.len() as i32 - 1;
    let next = match (at, step) {
        (None, 0) => visible.iter().position(|control| control.tab_index() == 0).unwrap_or(0) as i32,
        (None, _) => return,
        (_, i32::MIN) => 0,
        (_, i32::MAX) => last,
        (Some(at), step) => (at as i32 + step).rem_euclid(last + 1),
    };
    controls.iter().for_each(|control| control.set_tab_index(-1));
    let Some(next) = visible.get(next as usize) else { return };
    next.set_tab_index(0);
    if step != 0 {
        event.prevent_default();
        let _ = next.focus();
    }
}
