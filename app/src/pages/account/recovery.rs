//! Recovery codes, shown once.

use leptos::prelude::*;

use crate::{
    api, browser,
    components::{CodeForm, CopyButton, Dialog, Glyph, Icon, dynamic},
    state::{Account, Submission, Toasts},
};

/// The codes. The user must confirm that they are saved before going on.
#[component]
pub(super) fn RecoveryCodes(
    /// The codes.
    codes: Vec<String>,
    /// Called after confirmation.
    done: Callback<()>,
) -> impl IntoView {
    let saved = RwSignal::new(false);
    let text = codes.join("\n");
    let file = format!("Rexec recovery codes. Each works once.\n\n{text}\n");
    view! {
        <div class="stack" data-testid="recovery-codes">
            <p>
                "MFA is on. These ten codes open your account and your locked terminals when the app is out of reach. "
                <strong>"They are shown only now."</strong>
            </p>
            <ol class="codes">
                {codes.into_iter().map(|code| view! { <li data-testid="recovery-code">{code}</li> }).collect_view()}
            </ol>
            <div class="page-tools">
                <CopyButton text testid="copy-codes" />
                <button
                    r#type="button"
                    class="btn btn-small"
                    on:click=move |_| browser::download_text("rexec-recovery-codes.txt", &file)
                    data-testid="download-codes"
                >
                    <Icon glyph=Glyph::Download />
                    "Download"
                </button>
            </div>
            <label class="check">
                <input
                    r#type="checkbox"
                    on:change=move |event| saved.set(event_target_checked(&event))
                    data-testid="codes-kept"
                />
                <span>"I have saved them where I will find them without this device."</span>
            </label>
            <div class="form-actions">
                <button
                    r#type="button"
                    class="btn btn-primary"
                    disabled=move || !saved.get()
                    on:click=move |_| done.run(())
                    data-testid="codes-done"
                >
                    "Done"
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// Replaces the recovery codes.
#[component]
pub(super) fn RecoveryDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let codes = RwSignal::new(None::<Vec<String>>);
    // Closing the dialog drops the codes.
    Effect::new(move |_| {
        if !open.get() {
            codes.set(None);
        }
    });
    let closable = Signal::derive(move || codes.with(Option::is_none));
    view! {
        <Dialog open title="New recovery codes" persistent=true closable testid="recovery-dialog">
            <ReplaceCodes open codes />
        </Dialog>
    }
    .into_any()
}

#[component]
fn ReplaceCodes(open: RwSignal<bool>, codes: RwSignal<Option<Vec<String>>>) -> impl IntoView {
    let (account, toasts) = (Account::get(), Toasts::get());
    let done = Callback::new(move |()| {
        open.set(false);
        toasts.info("New recovery codes", "The old ones are dead, and your other login sessions were ended.");
        account.refresh();
    });
    dynamic(move || match codes.get() {
        Some(codes) => view! { <RecoveryCodes codes done /> }.into_any(),
        None => view! { <ReplaceForm open codes /> }.into_any(),
    })
}

#[component]
fn ReplaceForm(open: RwSignal<bool>, codes: RwSignal<Option<Vec<String>>>) -> impl IntoView {
    let submission = Submission::new();
    let send = move |code: String| {
        submission.run(async move {
            let answer = api::new_recovery_codes(&code).await?;
            let _ = codes.try_set(Some(answer.recovery_codes));
            // Reopens the dialog if it was closed in the meantime: recovery codes are shown only once.
            let _ = open.try_set(true);
            Ok(())
        });
    };
    view! {
        <CodeForm submission send label="Make new codes" submit="new-codes-confirm">
            <p>"The present codes stop working as soon as new ones are made, and your other login sessions end."</p>
        </CodeForm>
    }
    .into_any()
}
