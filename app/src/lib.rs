//! Pages and components, shared by server rendering and browser.
#![forbid(unsafe_code)]
use leptos::prelude::*;

/// The whole page below `<body>`.
#[component]
pub fn App() -> impl IntoView {
    view! { <main>"Rexec"</main> }
}

/// The HTML document around [`App`].
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <HydrationScripts options/>
            </head>
            <body><App/></body>
        </html>
    }
}
