//! The list of sections at the side of a group of pages; a scrolling row on small screens.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{Glyph, Icon};

/// The list; the current section is marked.
#[component]
pub(crate) fn SideNav(
    /// Name of the group.
    title: &'static str,
    /// Address, label and picture of each section.
    sections: &'static [(&'static str, &'static str, Glyph)],
) -> impl IntoView {
    let path = use_location().pathname;
    let rows = sections.iter().map(|(address, label, glyph)| {
        let current = move || (path.get() == *address).then_some("page");
        view! {
            <a href=*address aria-current=current data-testid=format!("nav{}", address.replace('/', "-"))>
                <Icon glyph=*glyph/>{*label}
            </a>
        }
    });
    view! {
        <nav class="sidenav" aria-label=title>
            <h2>{title}</h2>
            {rows.collect_view()}
        </nav>
    }
    .into_any()
}
