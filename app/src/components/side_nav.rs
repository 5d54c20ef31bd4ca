//! Section navigation beside a group of pages; a scrolling row on small screens.

use leptos::{html, prelude::*};
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{Glyph, Icon};

/// The navigation; the current section is marked.
#[component]
pub(crate) fn SideNav(
    /// Name of the group.
    title: &'static str,
    /// Address, label and icon of each section.
    sections: &'static [(&'static str, &'static str, Glyph)],
) -> impl IntoView {
    let path = use_location().pathname;
    let rows = sections.iter().map(|(address, label, glyph)| {
        let current = move || (path.get() == *address).then_some("page");
        view! {
            <a href=*address aria-current=current data-testid=format!("nav{}", address.replace('/', "-"))>
                <Icon glyph=*glyph />
                {*label}
            </a>
        }
    });
    // Scrolls the current section into view on small screens.
    let nav = NodeRef::<html::Nav>::new();
    Effect::new(move |_| {
        path.track();
        request_animation_frame(move || {
            let Some(nav) = nav.try_get_untracked().flatten() else { return };
            let current = nav.query_selector("[aria-current]").ok().flatten();
            if let Some(current) = current.and_then(|current| current.dyn_into::<HtmlElement>().ok()) {
                nav.set_scroll_left(current.offset_left() - nav.offset_left() - 48);
            }
        });
    });
    view! {
        <nav node_ref=nav class="sidenav" aria-label=title>
            <p class="sidenav-title">{title}</p>
            {rows.collect_view()}
        </nav>
    }
    .into_any()
}
