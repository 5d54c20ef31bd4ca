//! Confirmation of what ends or deletes a terminal, with a code where one is required.

use leptos::prelude::*;
use protocol::names::Sensitive;
use web_sys::HtmlFormElement;

use super::required_code::{RequiredCode, RequiredCodeField};
use crate::{components::Form, state::Submission};

/// The form, for owners and administrators. The code is one of the signed-in user.
#[component]
pub(crate) fn ConfirmForm(
    /// State of the form.
    submission: Submission,
    /// Sends the request, with the code if one was typed.
    #[prop(into)]
    send: Callback<Option<Sensitive>>,
    /// The code.
    code: RequiredCode,
    /// The dialog that contains the form.
    open: RwSignal<bool>,
    /// Label of the confirming button.
    label: &'static str,
    /// Label of the button that cancels.
    cancel: &'static str,
    /// Why a code is required.
    needs: &'static str,
    /// `data-testid` of the confirming button.
    submit: &'static str,
    /// Description of what is lost.
    children: Children,
) -> impl IntoView {
    let send = move |_: HtmlFormElement| send.run(code.read());
    view! {
        <Form
            submission
            send
            label=label.to_owned()
            kind="btn-danger"
            disabled=code.missing()
            dialog=open
            cancel
            submit
        >
            {children()}
            <RequiredCodeField code submission needs />
        </Form>
    }
    .into_any()
}
