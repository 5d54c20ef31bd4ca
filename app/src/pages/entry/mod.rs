//! The doors: first start, sign-in, one-time links. Nothing of the product behind is loaded or known here.

mod invite;
mod login;
mod new_account;
mod setup;

pub(crate) use invite::Invite;
pub(crate) use login::Login;
pub(crate) use new_account::{NewPassword, mistake, read_new_password};
pub(crate) use setup::Setup;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::Logo;

/// The frame of these pages: the mark, a heading, one narrow form.
#[component]
fn Entry(
    /// Heading and title of the page.
    title: &'static str,
    /// One sentence below.
    #[prop(into)]
    lead: Signal<String>,
    /// The form.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title/>
        <main class="entry" id="content">
            <section class="entry-box">
                <header class="entry-head">
                    <Logo/>
                    <h1>{title}</h1>
                    <p class="muted">{move || lead.get()}</p>
                </header>
                {children()}
            </section>
            <p class="entry-foot">"Rexec · hardened terminals, each behind its own lock"</p>
        </main>
    }
    .into_any()
}
