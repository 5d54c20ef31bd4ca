//! A row of controls that is one stop of the Tab key: arrow keys, Home and End move along it (ARIA APG, toolbar).

use leptos::{html::Div, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::browser;

/// Makes `bar` one stop; `controls` says what in it is a control. Where Tab comes in is settled by each key that moves,
/// just before the browser follows it: so it does not matter what came, went or was disabled meanwhile.
pub(crate) fn rove(bar: NodeRef<Div>, controls: &'static str) {
    Effect::new(move |_| {
        browser::on_document("keydown", move |event| {
            let event = event.unchecked_into();
            // Asked first: keys for the terminal pass here too, and what is shown costs a look at the layout.
            let Some(step) = step_of(&event) else { return };
            if let Some(bar) = bar.try_get_untracked().flatten() {
                step_along(&browser::all(&bar, controls), step, &event);
            }
        });
    });
}

/// How far a key moves: none for Tab, which only passes, all the way for Home and End.
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

fn step_along(controls: &[HtmlElement], step: i32, event: &KeyboardEvent) {
    let shown: Vec<_> = controls.iter().filter(|control| control.offset_width() > 0).collect();
    let active = browser::document().active_element();
    let at = shown.iter().position(|control| active.as_ref() == Some(&***control));
    let last = shown.len() as i32 - 1;
    let next = match (at, step) {
        (None, 0) => shown.iter().position(|control| control.tab_index() == 0).unwrap_or(0) as i32,
        (None, _) => return,
        (_, i32::MIN) => 0,
        (_, i32::MAX) => last,
        (Some(at), step) => (at as i32 + step).rem_euclid(last + 1),
    };
    controls.iter().for_each(|control| control.set_tab_index(-1));
    let Some(next) = shown.get(next as usize) else { return };
    next.set_tab_index(0);
    if step != 0 {
        event.prevent_default();
        let _ = next.focus();
    }
}
