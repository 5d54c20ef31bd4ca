//! Confirmation of an action. The button that cancels comes first and gets the focus.

use leptos::prelude::*;

use super::Dialog;

/// The dialog.
#[component]
pub(crate) fn ConfirmDialog(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// Title.
    #[prop(into)]
    title: Signal<String>,
    /// What the action does.
    text: &'static str,
    /// Label of the confirming button.
    #[prop(into)]
    confirm_label: Signal<String>,
    /// Label of the button that cancels.
    #[prop(default = "Cancel")]
    cancel_label: &'static str,
    /// Called on confirmation.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// `data-testid`.
    testid: &'static str,
) -> impl IntoView {
    let confirm = move |_| {
        open.set(false);
        on_confirm.run(());
    };
    view! {
        <Dialog open title testid>
            <p>{text}</p>
            <div class="form-actions">
                <button r#type="button" class="btn" on:click=move |_| open.set(false)>
                    {cancel_label}
                </button>
                <button r#type="button" class="btn btn-danger" on:click=confirm data-testid="question-yes">
                    {move || confirm_label.get()}
                </button>
            </div>
        </Dialog>
    }
    .into_any()
}
