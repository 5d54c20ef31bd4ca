//! A form of one code, sent by its sixth digit.

use leptos::prelude::*;
use web_sys::HtmlFormElement;

use super::{CodeField, Form, is_whole};
use crate::state::Sending;

/// The form.
#[component]
pub(crate) fn CodeForm(
    /// Where it stands.
    sending: Sending,
    /// Sends the code.
    #[prop(into)]
    send: Callback<String>,
    /// What the button says.
    #[prop(into)]
    label: Signal<String>,
    /// A recovery code does as well.
    #[prop(default = true)]
    recoverable: bool,
    /// For tests: the form.
    #[prop(default = "code-form")]
    testid: &'static str,
    /// For tests: the button.
    submit: &'static str,
    /// Below the button.
    #[prop(into, optional)]
    foot: ViewFn,
    /// Above the field.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let now = Callback::new(move |()| send.run(code.get_untracked()));
    let incomplete = Signal::derive(move || code.with(|code| !is_whole(code)));
    view! {
        <Form sending send=move |_: HtmlFormElement| now.run(()) label disabled=incomplete testid submit foot>
            {children.map(|children| children())}
            <CodeField sending code on_full=now recoverable/>
        </Form>
    }
    .into_any()
}
