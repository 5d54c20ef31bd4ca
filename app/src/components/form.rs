//! A form as every page has it: fields, the refusal, the buttons.

use leptos::{ev::SubmitEvent, prelude::*};
use protocol::Problem;
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::{ProblemNote, Submit};
use crate::state::Sending;

/// The form. The program sends it, never the browser itself.
#[component]
pub(crate) fn Form(
    /// Where it stands.
    sending: Sending,
    /// Sends it; values are read from the form, see `browser::form_value`.
    #[prop(into)]
    send: Callback<HtmlFormElement>,
    /// What the button says.
    #[prop(into)]
    label: Signal<String>,
    /// Class of the button: `btn-primary` or `btn-danger`.
    #[prop(default = "btn-primary")]
    kind: &'static str,
    /// It cannot be sent now.
    #[prop(into, optional)]
    disabled: Signal<bool>,
    /// Fields that show their own refusals.
    #[prop(default = &[])]
    fields: &'static [&'static str],
    /// It says itself what is wrong with a field, before it sends anything: the browser asks nothing.
    #[prop(optional)]
    checks: bool,
    /// The dialog it stands in, which a second button closes.
    #[prop(optional)]
    closes: Option<RwSignal<bool>>,
    /// What that button says.
    #[prop(default = "Cancel")]
    cancel: &'static str,
    /// For tests: the form.
    #[prop(default = "form")]
    testid: &'static str,
    /// For tests: the button.
    #[prop(default = "submit")]
    submit: &'static str,
    /// Below the buttons.
    #[prop(into, optional)]
    foot: ViewFn,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = event.target() {
            send.run(form.unchecked_into());
        }
    };
    let elsewhere = Signal::derive(move || {
        let at_field = |p: &Problem| p.field.as_deref().is_some_and(|field| fields.contains(&field));
        sending.problems.with(|all| all.iter().find(|problem| !at_field(problem)).cloned())
    });
    view! {
        <form class="form" method="post" novalidate=checks on:submit=on_submit data-testid=testid>
            {children()}
            <ProblemNote problem=elsewhere id=sending.refusal_id()/>
            <div class="form-actions">
                {closes.map(|open| view! { <button r#type="button" class="btn" on:click=move |_| open.set(false)>{cancel}</button> })}
                <Submit label busy=sending.busy kind disabled testid=submit/>
            </div>
            {foot.run()}
        </form>
    }
    .into_any()
}
