//! The account of the signed-in user: second factor, password, login sessions, activity.

mod activity;
mod enrol;
mod password;
mod recovery;
mod security;
mod sessions;

use leptos::prelude::*;
use leptos_router::{components::Redirect, hooks::use_params_map};

use crate::components::{Glyph, SideNav, dynamic};

const SECTIONS: &[(&str, &str, Glyph)] = &[
    ("/account/security", "Security", Glyph::Shield),
    ("/account/password", "Password", Glyph::Key),
    ("/account/sessions", "Login sessions", Glyph::Users),
    ("/account/audit", "Activity", Glyph::Scroll),
];

/// `/account/:section?`.
#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let params = use_params_map();
    let section = Memo::new(move |_| params.with(|params| params.get("section")).unwrap_or_default());
    view! {
        <div class="sides" data-testid="account">
            <SideNav title="Account" sections=SECTIONS />
            {dynamic(move || match section.get().as_str() {
                "security" => view! { <security::Security /> }.into_any(),
                "password" => view! { <password::Password /> }.into_any(),
                "sessions" => view! { <sessions::Sessions /> }.into_any(),
                "audit" => view! { <activity::Activity /> }.into_any(),
                _ => view! { <Redirect path="/account/security" /> }.into_any(),
            })}
        </div>
    }
    .into_any()
}
