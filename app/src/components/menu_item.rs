//! An item of a menu.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// A button inside a [`super::Menu`].
#[component]
pub(crate) fn MenuItem(
    /// Called when the item is chosen.
    #[prop(into)]
    on_click: Callback<()>,
    /// Icon.
    #[prop(optional)]
    glyph: Option<Glyph>,
    /// Class, beginning with `menu-item`.
    #[prop(default = "menu-item")]
    class: &'static str,
    /// Shown as a destructive action.
    #[prop(into, optional)]
    danger: Signal<bool>,
    /// Whether it is disabled.
    #[prop(optional)]
    disabled: bool,
    /// Tooltip.
    #[prop(optional_no_strip)]
    title: Option<&'static str>,
    /// `data-testid`.
    #[prop(optional)]
    testid: Option<&'static str>,
    /// Label.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            r#type="button"
            class=class
            class:menu-danger=move || danger.get()
            role="menuitem"
            disabled=disabled
            title=title
            on:click=move |_| on_click.run(())
            data-testid=testid
        >
            {glyph.map(|glyph| view! { <Icon glyph /> })}
            {children()}
        </button>
    }
    .into_any()
}
