//! A dialog that shows a one-time link once.

use leptos::prelude::*;
use protocol::admin::OneTimeLink;

use crate::components::{CopyButton, Countdown, Dialog};

/// The link to show, set by the component that requested it.
#[derive(Clone, Copy)]
pub(super) struct IssuedLink(pub(super) RwSignal<Option<OneTimeLink>>);

/// The dialog, open while there is a link.
#[component]
pub(super) fn LinkDialog(
    /// The link.
    link: RwSignal<Option<OneTimeLink>>,
    /// Title.
    #[prop(into)]
    title: String,
) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(link.with(Option::is_some)));
    Effect::new(move |was: Option<bool>| {
        let is = open.get();
        // Clears the link when the dialog closes, so that it is shown only once.
        if was == Some(true) && !is {
            link.set(None);
        }
        is
    });
    view! {
        <Dialog open title persistent=true testid="link-dialog">
            {move || {
                link.get()
                    .map(|link| {
                        view! {
                            <p>
                                "Hand this link over in person or by a message only the receiver reads. It works \
                                 once, and is shown only now."
                            </p>
                            <code class="secret" data-testid="one-time-link">
                                {link.url.clone()}
                            </code>
                            <p class="muted small">"Expires in " <Countdown until=Some(link.expires_at) /></p>
                            <div class="form-actions">
                                <CopyButton
                                    text=link.url
                                    label="Copy the link"
                                    class="btn btn-primary"
                                    testid="copy-link"
                                />
                                <button
                                    r#type="button"
                                    class="btn"
                                    on:click=move |_| open.set(false)
                                    data-testid="link-done"
                                >
                                    "Done"
                                </button>
                            </div>
                        }
                    })
            }}
        </Dialog>
    }
    .into_any()
}
