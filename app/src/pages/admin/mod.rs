//! Administration. It gives no access to the content of terminals.

mod audit;
mod images;
mod invites;
mod one_time_link;
mod settings;
mod system;
mod terminals;
mod tiers;
mod user_row;
mod users;

use leptos::prelude::*;
use leptos_router::{components::Redirect, hooks::use_params_map};
use protocol::{Problem, ProblemKind};

use crate::{
    components::{Glyph, ProblemPage, SideNav, dynamic},
    state::Account,
};

const SECTIONS: &[(&str, &str, Glyph)] = &[
    ("/admin/users", "People", Glyph::Users),
    ("/admin/invites", "Invitations", Glyph::Key),
    ("/admin/terminals", "Terminals", Glyph::Terminal),
    ("/admin/images", "Images", Glyph::Box),
    ("/admin/tiers", "Sizes", Glyph::Memory),
    ("/admin/settings", "Settings", Glyph::Settings),
    ("/admin/audit", "Audit", Glyph::Scroll),
    ("/admin/system", "System", Glyph::Pulse),
];

/// `/admin/:section?`.
#[component]
pub(crate) fn AdminPage() -> impl IntoView {
    let account = Account::get();
    let params = use_params_map();
    let section = Memo::new(move |_| params.with(|params| params.get("section")).unwrap_or_default());
    let allowed = Memo::new(move |_| account.is_admin());
    view! {
        {dynamic(move || {
            if allowed.get() {
                view! {
                    <div class="sides" data-testid="admin">
                        <SideNav title="Administration" sections=SECTIONS />
                        {move || section.with(|section| show(section))}
                    </div>
                }
                    .into_any()
            } else {
                view! {
                    <ProblemPage problem=Problem::new(
                        ProblemKind::Forbidden,
                        "Administration is for administrators. Ask one of them.",
                    ) />
                }
                    .into_any()
            }
        })}
    }
    .into_any()
}

fn show(section: &str) -> AnyView {
    match section {
        "users" => view! { <users::Users /> }.into_any(),
        "invites" => view! { <invites::Invites /> }.into_any(),
        "terminals" => view! { <terminals::AllTerminals /> }.into_any(),
        "images" => view! { <images::Images /> }.into_any(),
        "tiers" => view! { <tiers::Tiers /> }.into_any(),
        "settings" => view! { <settings::SettingsPage /> }.into_any(),
        "audit" => view! { <audit::Audit /> }.into_any(),
        "system" => view! { <system::SystemPage /> }.into_any(),
        _ => view! { <Redirect path="/admin/users" /> }.into_any(),
    }
}
