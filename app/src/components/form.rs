//! A form with fields, error message and buttons.

use leptos::{ev::SubmitEvent, prelude::*};
use protocol::Problem;
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::{ProblemNote, Submit};
use crate::state::Submission;

/// The form. The browser never submits it itself.
#[component]
pub(crate) fn Form(
    /// State of the form.
    submission: Submission,
    /// Called on submission; values are read with `browser::form_value`.
    #[prop(into)]
    send: Callback<HtmlFormElement>,
    /// Label of the submit button.
    #[prop(into)]
    label: Signal<String>,
    /// Class of the submit button: `btn-primary` or `btn-danger`.
    #[prop(default = "btn-primary")]
    kind: &'static str,
    /// Whether the submit button is disabled.
    #[prop(into, optional)]
    disabled: Signal<bool>,
    /// Fields that show their own errors.
    #[prop(default = &[])]
    fields: &'static [&'static str],
    /// Turns off the browser's validation, for forms that validate their fields themselves.
    #[prop(optional)]
    novalidate: bool,
    /// The dialog that contains the form; adds a button that closes it.
    #[prop(optional)]
    dialog: Option<RwSignal<bool>>,
    /// Label of that button.
    #[prop(default = "Cancel")]
    cancel: &'static str,
    /// `data-testid` of the form.
    #[prop(default = "form")]
    testid: &'static str,
    /// `data-testid` of the submit button.
    #[prop(default = "submit")]
    submit: &'static str,
    /// Shown below the buttons.
    #[prop(into, optional)]
    footer: ViewFn,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = event.target() {
            send.run(form.unchecked_into());
        }
    };
    let other_problem = Signal::derive(move || {
        let at_field = |p: &Problem| p.field.as_deref().is_some_and(|field| fields.contains(&field));
        submission.problems.with(|all| all.iter().find(|problem| !at_field(problem)).cloned())
    });
    view! {
        <form class="form" method="post" novalidate=novalidate on:submit=on_submit data-testid=testid>
            {children()}
            <ProblemNote problem=other_problem id=submission.error_id() />
            <div class="form-actions">
                {dialog
                    .map(|open| {
                        view! {
                            <button r#type="button" class="btn" on:click=move |_| open.set(false)>
                                {cancel}
                            </button>
                        }
                    })} <Submit label busy=submission.busy kind disabled testid=submit />
            </div>
            {footer.run()}
        </form>
    }
    .into_any()
}
