//! The HTML document around [`App`]: head, the files of the first load, and the inline scripts.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{App, components::Logo, state::Clock};

/// Sets theme and contrast before the first paint, which avoids a flash of the wrong colours.
const APPEARANCE: &str = concat!(
    r#"try{const d=document.documentElement,s=localStorage;"#,
    r#"for(const k of["theme","contrast"]){const v=s.getItem("rexec."+k);if(v)d.dataset[k]=v}}catch{}"#,
);

/// Starts the program. A page restored from the back/forward cache is reloaded, because it may show a terminal that is
/// locked by now.
const START: &str = r#"addEventListener("pageshow",e=>{if(e.persisted)location.reload()});
import init,{hydrate}from"/pkg/rexec.js";
init({module_or_path:"/pkg/rexec.wasm"}).then(()=>hydrate())
.catch(e=>{console.error(e);document.documentElement.dataset.broken=""});"#;

/// The document. The two inline scripts have the nonce from the context; nothing else in the document is inline. The
/// preload links are written by hand, because those of the framework put the nonce into `crossorigin`, which makes some
/// browsers fetch the module twice.
pub fn shell(_options: LeptosOptions) -> impl IntoView {
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="dark light" />
                <meta name="referrer" content="no-referrer" />
                <meta name="server-time" content=Clock::now().millis().to_string() />
                <meta name="csp-nonce" nonce=nonce.clone() />
                <script nonce=nonce.clone() inner_html=APPEARANCE></script>
                <link rel="stylesheet" href="/pkg/rexec.css" />
                <link
                    rel="preload"
                    href="/fonts/inter-latin-wght-normal.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin="anonymous"
                />
                <link rel="modulepreload" href="/pkg/rexec.js" />
                <link
                    rel="preload"
                    href="/pkg/rexec.wasm"
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                />
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml" />
                <link rel="manifest" href="/manifest.webmanifest" />
                <MetaTags />
            </head>
            <body>
                <App />
                <Broken />
                <script r#type="module" nonce=nonce inner_html=START></script>
            </body>
        </html>
    }
}

/// Shown by the style sheet when the program failed to start or panicked. It must work without the program.
#[component]
fn Broken() -> impl IntoView {
    view! {
        <div class="broken" role="alert" data-testid="page-broken">
            <div class="broken-box">
                <Logo />
                <h2>"This page stopped working"</h2>
                <p>
                    "Something in the page failed. Your terminals are on the server and keep running. If it happens \
                     again, tell your administrator."
                </p>
                <a class="btn btn-primary" href="">
                    "Reload the page"
                </a>
            </div>
        </div>
        <noscript>
            <p class="noscript">"Rexec needs JavaScript and WebAssembly: the terminal runs in this page."</p>
        </noscript>
    }
    .into_any()
}
