//! A question before something ends that cannot be taken back. The safe answer comes first and has the keyboard.

use leptos::prelude::*;

use super::Dialog;

/// The dialog.
#[component]
pub(crate) fn Question(
    /// Whether it is asked.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What follows from yes.
    text: &'static str,
    /// Yes, in the words of the deed.
    #[prop(into)]
    yes: Signal<String>,
    /// No.
    #[prop(default = "Cancel")]
    no: &'static str,
    /// The answer was yes.
    #[prop(into)]
    on_yes: Callback<()>,
    /// For tests.
    testid: &'static str,
) -> impl IntoView {
    let agree = move |_| {
        open.set(false);
        on_yes.run(());
    };
    view! {
        <Dialog open title testid>
            <p>{text}</p>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>{no}</button>
                <button r#type="button" class="btn btn-danger" on:click=agree data-testid="question-yes">{move || yes.get()}</button>
            </div>
        </Dialog>
    }
    .into_any()
}
