//! A form with one code, submitted when the sixth digit is typed.

use leptos::prelude::*;
use web_sys::HtmlFormElement;

use super::{CodeField, Form, is_complete_code};
use crate::state::Submission;

/// The form.
#[component]
pub(crate) fn CodeForm(
    /// State of the form.
    submission: Submission,
    /// Called with the code.
    #[prop(into)]
    send: Callback<String>,
    /// Label of the button.
    #[prop(into)]
    label: Signal<String>,
    /// Accept recovery codes.
    #[prop(default = true)]
    allow_recovery: bool,
    /// `data-testid` of the form.
    #[prop(default = "code-form")]
    testid: &'static str,
    /// `data-testid` of the button.
    submit: &'static str,
    /// Shown below the button.
    #[prop(into, optional)]
    footer: ViewFn,
    /// Shown above the field.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let now = Callback::new(move |()| send.run(code.get_untracked()));
    let incomplete = Signal::derive(move || code.with(|code| !is_complete_code(code)));
    view! {
        <Form submission send=move |_: HtmlFormElement| now.run(()) label disabled=incomplete testid submit footer>
            {children.map(|children| children())}
            <CodeField submission code on_complete=now allow_recovery />
        </Form>
    }
    .into_any()
}
